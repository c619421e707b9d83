#!/usr/bin/env python3
"""Reads a run's event files with TensorBoard's own reader and compares the scalars with the run's log; see README.md."""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def main(folder, log):
    events = EventAccumulator(folder)
    events.Reload()
    tags = events.Tags()
    lines = [json.loads(line) for line in open(log, encoding="utf-8")]
    for key in ("loss", "grad_norm", "lr"):
        seen = {e.step: e.value for e in events.Scalars(f"train/{key}")}
        if sorted(seen) != [line["step"] for line in lines]:
            raise SystemExit(f"{key}: steps {sorted(seen)}")
        for line in lines:
            if abs(seen[line["step"]] - line[key]) > 1e-6 * max(1, abs(line[key])):
                raise SystemExit(f"{key} of step {line['step']}: {seen[line['step']]}, the log has {line[key]}")
    print(f"{len(lines)} steps agree; {len(tags['scalars'])} scalars, texts: {tags['tensors']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
