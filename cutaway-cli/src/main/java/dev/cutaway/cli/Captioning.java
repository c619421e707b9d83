package dev.cutaway.cli;

import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.model.arch.ImageSizes;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.text.EncodeOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What a model says of many images, the likeliest word each time; words of all of them go through the weights together. */
final class Captioning implements AutoCloseable {
    private final Model model;
    private final List<Session> sessions = new ArrayList<>();
    private final int[] begin;
    private final Set<Integer> ends;
    private final int room;

    Captioning(Model model, int together) {
        this.model = model;
        for (int i = 0; i < together; i++) {
            sessions.add(model.session(SessionOptions.defaults().withRecording(false)));
        }
        this.begin = new Prompts(model, true, EncodeOptions.TEXT).behindImage(null);
        this.ends = model.endTokens();
        this.room = model.sizes().context() - ImageSizes.of(model.config()).patches() - begin.length;
    }

    /** A text for each image; at most as many images as were announced. */
    List<String> of(List<Tensor> pixels) {
        List<List<Integer>> said = new ArrayList<>();
        List<Integer> open = new ArrayList<>();
        List<int[]> next = new ArrayList<>();
        for (int i = 0; i < pixels.size(); i++) {
            sessions.get(i).image(pixels.get(i));
            said.add(new ArrayList<>());
            open.add(i);
            next.add(begin);
        }
        for (int n = 0; n < room && !open.isEmpty(); n++) {
            Session.appendTogether(open.stream().map(sessions::get).toList(), next);
            next.clear();
            List<Integer> going = new ArrayList<>();
            for (int i : open) {
                int id = likeliest(sessions.get(i).logits());
                if (!ends.contains(id)) {
                    said.get(i).add(id);
                    going.add(i);
                    next.add(new int[] {id});
                }
            }
            open = going;
        }
        return said.stream().map(this::text).toList();
    }

    private String text(List<Integer> ids) {
        int[] all = ids.stream().mapToInt(Integer::intValue).toArray();
        return model.tokenizer().decode(all, true).strip();
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    @Override
    public void close() {
        sessions.forEach(Session::close);
    }
}
