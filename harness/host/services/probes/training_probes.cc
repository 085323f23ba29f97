// Trainings that a method drives: rewinds, populations, a frozen teacher,
// composed data.
#include "harness/host/services/probes/probe.h"

namespace assay {
namespace {

sdk::TrainOptions Options(const char* stream, int64_t steps) {
  sdk::TrainOptions o;
  o.steps = steps;
  o.stream = stream;
  return o;
}

// Lottery tickets: train to step k, go on to the end, mask, rewind to k.
class Rewind final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(
        sdk::Trainer t,
        run.NewTrainer(run.graph(), run.parameters(), Options("ticket", 10)));
    ASSAY_ASSIGN_OR_RETURN(sdk::Random dice, run.Random("search"));
    ASSAY_RETURN_IF_ERROR(t.Advance(3).status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters early, t.Snapshot());
    const uint64_t position = dice.position();
    const uint64_t drawn = dice.Bits();
    ASSAY_RETURN_IF_ERROR(t.Advance(4).status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters late, t.Snapshot());

    ASSAY_RETURN_IF_ERROR(t.Restore(early));
    dice.Seek(position);
    ASSAY_PROBE(t.steps_done() == 3, std::to_string(t.steps_done()));
    ASSAY_PROBE(dice.Bits() == drawn, "the stream went elsewhere");
    ASSAY_RETURN_IF_ERROR(t.Advance(4).status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters again, t.Snapshot());
    ASSAY_RETURN_IF_ERROR(ExpectSameSets(again, late));

    // In a trainer of its own, and in parts, it is the same.
    ASSAY_ASSIGN_OR_RETURN(
        sdk::Trainer other,
        run.NewTrainer(run.graph(), run.parameters(), Options("ticket", 10)));
    ASSAY_RETURN_IF_ERROR(other.Restore(early));
    ASSAY_RETURN_IF_ERROR(other.Advance(4).status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters elsewhere, other.Snapshot());
    ASSAY_RETURN_IF_ERROR(ExpectSameSets(elsewhere, late));
    return Masked(run, early, &t);
  }

 private:
  // A mask that is set after the rewind holds, momentum included.
  static sdk::Status Masked(sdk::Run& run, const sdk::Parameters& early,
                            sdk::Trainer* t) {
    const sdk::Parameter w = run.graph().weights().front();
    ASSAY_RETURN_IF_ERROR(t->Restore(early));
    ASSAY_ASSIGN_OR_RETURN(sdk::Tensor mask, t->Mask(w.name));
    mask.values()[7] = 0;
    ASSAY_RETURN_IF_ERROR(t->SetMask(w.name, mask));
    ASSAY_RETURN_IF_ERROR(t->Advance(3).status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters state, t->Snapshot());
    for (const std::string& name :
         {w.name, "optimizer/momentum/" + w.name, w.name + ".mask"}) {
      ASSAY_ASSIGN_OR_RETURN(const auto values, state.Floats(name));
      ASSAY_PROBE(values[7] == 0 && values[8] != 0, name);
    }
    ASSAY_PROBE(run.ledger().steps == 3 + 4 + 4 + 4 + 3,
                std::to_string(run.ledger().steps));
    return sdk::OkStatus();
  }
};

TEST(TrainingProbes, StepExactRewind) {
  Rewind probe;
  RunProbe(probe);
}

// Halves of a step with the gradients changed in between: a step of the
// method's own, exact.
class OwnStep final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(
        sdk::Trainer t,
        run.NewTrainer(run.graph(), run.parameters(), Options("own", 4)));
    const std::string name = "head.bias";
    ASSAY_PROBE(!t.Apply().ok(), "apply without backward");
    ASSAY_RETURN_IF_ERROR(t.Backward().status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Tensor value, t.Value(name));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor gradient, t.Gradient(name));
    // The same batch again: twice the gradient.
    ASSAY_RETURN_IF_ERROR(t.BackwardAdd().status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor twice, t.Gradient(name));
    for (size_t i = 0; i < gradient.size(); ++i) {
      ASSAY_PROBE(twice.values()[i] == 2 * gradient.values()[i], name);
      value.values()[i] -= 0.25f * gradient.values()[i];
    }
    ASSAY_RETURN_IF_ERROR(t.SetValue(name, value));
    ASSAY_RETURN_IF_ERROR(t.CountStep());
    ASSAY_PROBE(t.steps_done() == 1, "the step was not counted");
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor now, t.Value(name));
    ASSAY_PROBE(SameBits(now.values(), value.values()), name);
    ASSAY_ASSIGN_OR_RETURN(const auto stem,
                           run.parameters().Floats("stem.weights"));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor still, t.Value("stem.weights"));
    ASSAY_PROBE(SameBits(still.values(), stem), "another parameter moved");
    return sdk::OkStatus();
  }
};

TEST(TrainingProbes, AStepOfTheMethodsOwn) {
  OwnStep probe;
  RunProbe(probe);
}

// A student that is its teacher has nothing to learn; with weight 0 the teacher
// changes nothing; otherwise the head's bias moves towards the teacher's by the
// formula of the loss.
class Distill final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters student, run.CloneParameters());
    ASSAY_ASSIGN_OR_RETURN(
        sdk::Trainer same,
        run.NewTrainer(run.graph(), student, Options("distill", 6)));
    sdk::Teacher teacher{run.graph(), run.parameters(), 1.0, 2.0};
    // Against its own batch statistics: as the frozen network computes them.
    ASSAY_RETURN_IF_ERROR(same.SetTeacher(teacher));
    ASSAY_ASSIGN_OR_RETURN(const double far, same.Backward());
    ASSAY_PROBE(std::isfinite(far) && far > 0, std::to_string(far));
    return Weightless(run, student);
  }

 private:
  static sdk::Status Weightless(sdk::Run& run, const sdk::Parameters& student) {
    std::vector<sdk::Parameters> ends;
    for (const double weight : {-1.0, 0.0, 0.5}) {
      ASSAY_ASSIGN_OR_RETURN(
          sdk::Trainer t,
          run.NewTrainer(run.graph(), student, Options("distill", 6)));
      if (weight >= 0) {
        ASSAY_RETURN_IF_ERROR(
            t.SetTeacher({run.graph(), run.parameters(), weight, 2.0}));
      }
      ASSAY_RETURN_IF_ERROR(t.Advance(3).status());
      ASSAY_ASSIGN_OR_RETURN(sdk::Parameters end, t.Snapshot());
      ends.push_back(std::move(end));
    }
    const std::string head = "head.weights";
    ASSAY_ASSIGN_OR_RETURN(const auto none, ends[0].Floats(head));
    ASSAY_ASSIGN_OR_RETURN(const auto zero, ends[1].Floats(head));
    ASSAY_ASSIGN_OR_RETURN(const auto half, ends[2].Floats(head));
    for (size_t i = 0; i < none.size(); ++i) {
      ASSAY_PROBE(Near(zero[i], none[i], 1e-6), head);
    }
    ASSAY_PROBE(!SameBits(half, none), "the teacher had no say");
    return sdk::OkStatus();
  }
};

TEST(TrainingProbes, DistillationAgainstAFrozenTeacher) {
  Distill probe;
  RunProbe(probe);
}

// logits = x W' without norms: a student that is its teacher has gradient 0 at
// weight 1, and any other one exactly T (p - t) / N at its bias.
class DistillExactly final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.NewGraph("linear"));
    const sdk::ValueId image =
        g.Input("image", sdk::DType::kF32, {16, 2, 8, 8});
    const sdk::ValueId rows =
        g.Op("reshape", {image}, {{"shape", sdk::Ints{16, 128}}});
    g.Output("logits",
             g.Op("linear", {rows, g.Param("w", {4, 128}), g.Param("b", {4})}));
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters teacher, run.NewParameters());
    const std::vector<float> zeros(512, 0.0f);
    ASSAY_RETURN_IF_ERROR(Put(&teacher, "w", {4, 128}, zeros));
    ASSAY_RETURN_IF_ERROR(Put(&teacher, "b", {4}, {1, 0, -1, 0.5f}));
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters student, teacher.Clone());
    for (const bool itself : {true, false}) {
      if (!itself) {
        ASSAY_RETURN_IF_ERROR(Put(&student, "b", {4}, {0, 0, 0, 0}));
      }
      ASSAY_ASSIGN_OR_RETURN(sdk::Trainer t,
                             run.NewTrainer(g, student, Options("exact", 2)));
      ASSAY_RETURN_IF_ERROR(t.SetTeacher({g, teacher, 1.0, 2.0}));
      ASSAY_RETURN_IF_ERROR(t.Backward().status());
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor gradient, t.Gradient("b"));
      double sum = 0;
      const double soft[] = {std::exp(0.5), 1, std::exp(-0.5), std::exp(0.25)};
      for (const double e : soft) sum += e;
      for (size_t i = 0; i < 4; ++i) {
        // Mean over rows that are all alike.
        const double want = itself ? 0 : 2.0 * (0.25 - soft[i] / sum);
        ASSAY_PROBE(Near(gradient.values()[i], want, 1e-6),
                    std::to_string(gradient.values()[i]));
      }
    }
    return sdk::OkStatus();
  }
};

TEST(TrainingProbes, TheGradientOfDistillationIsItsFormula) {
  DistillExactly probe;
  RunProbe(probe);
}

// Population-based training: exploit (copy the better one), explore (another
// rate). After a copy with one stream and one rate, both are the same to the
// bit.
class Population final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    std::vector<sdk::TrainOptions> options(2, Options("worker", 12));
    ASSAY_ASSIGN_OR_RETURN(
        sdk::Workers workers,
        run.NewWorkers(run.graph(), run.parameters(), options));
    ASSAY_PROBE(workers.size() == 2, std::to_string(workers.size()));
    ASSAY_ASSIGN_OR_RETURN(sdk::TrainerRef a, workers.worker(0));
    ASSAY_ASSIGN_OR_RETURN(sdk::TrainerRef b, workers.worker(1));
    ASSAY_RETURN_IF_ERROR(b.SetRateFactor(0));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<double> losses,
                           workers.Advance(3));
    ASSAY_PROBE(losses[0] != losses[1], "both learnt the same");
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor idle, b.Value("head.bias"));
    ASSAY_ASSIGN_OR_RETURN(const auto start,
                           run.parameters().Floats("head.bias"));
    ASSAY_PROBE(SameBits(idle.values(), start), "rate 0 moved a parameter");

    ASSAY_RETURN_IF_ERROR(workers.Copy(0, 1));
    ASSAY_RETURN_IF_ERROR(b.SetRateFactor(1));
    ASSAY_PROBE(b.steps_done() == 3, std::to_string(b.steps_done()));
    ASSAY_RETURN_IF_ERROR(workers.Advance(2).status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters at_a, a.Snapshot());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters at_b, b.Snapshot());
    ASSAY_RETURN_IF_ERROR(ExpectSameSets(at_a, at_b));

    ASSAY_RETURN_IF_ERROR(b.SetRateFactor(0.5));
    ASSAY_RETURN_IF_ERROR(workers.Advance(1).status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor x, a.Value("head.bias"));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor y, b.Value("head.bias"));
    ASSAY_PROBE(!SameBits(x.values(), y.values()), "explores nothing");
    ASSAY_PROBE(!workers.Copy(0, 2).ok(), "a worker that does not exist");
    return sdk::OkStatus();
  }
};

TEST(TrainingProbes, APopulationThatCopiesStates) {
  Population probe;
  RunProbe(probe);
}

// One image of class 0 and three of the rest in every batch.
class Composed final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(const sdk::PartRef all,
                           run.Whole(sdk::Split::kTrain));
    sdk::Ints zeros, others;  // sample i has class i % 4
    for (int64_t i = 0; i < all.size(); ++i) {
      (i % 4 == 0 ? zeros : others).push_back(i);
    }
    ASSAY_ASSIGN_OR_RETURN(const sdk::Part first, run.Select(all, zeros));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Part rest, run.Select(all, others));
    const std::vector<sdk::Share> mix = {{first, 1}, {rest, 3}};
    ASSAY_ASSIGN_OR_RETURN(sdk::Batches batches, run.Compose(mix, "mix"));
    for (int i = 0; i < 40; ++i) {
      ASSAY_ASSIGN_OR_RETURN(const assay_batch* batch, batches.Next());
      ASSAY_PROBE(batch->samples == 4, std::to_string(batch->samples));
      ASSAY_PROBE(batch->epoch == i / 16, std::to_string(batch->epoch));
      for (uint32_t f = 0; f < batch->feed_count; ++f) {
        if (sdk::ToView(batch->feeds[f]->name) != "labels") continue;
        ASSAY_ASSIGN_OR_RETURN(
            const sdk::View labels,
            sdk::View::Make(run.services(), batch->feeds[f]->tensor,
                            ASSAY_READ));
        const auto values = labels.values<int32_t>();
        ASSAY_PROBE(values.size() == 4 && values[0] == 0, "the first part");
        for (size_t k = 1; k < 4; ++k) {
          ASSAY_PROBE(values[k] != 0, "the second part");
        }
      }
    }
    // Trainings take such batches too, and repeat them by name.
    sdk::TrainOptions options = Options("mix", 3);
    options.mix = mix;
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters a, run.CloneParameters());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters b, run.CloneParameters());
    ASSAY_ASSIGN_OR_RETURN(const sdk::TrainResult done,
                           run.Train(run.graph(), &a, options));
    ASSAY_PROBE(done.samples == 12, std::to_string(done.samples));
    options.recompute_segments = 3;  // costs work, changes nothing
    ASSAY_RETURN_IF_ERROR(run.Train(run.graph(), &b, options).status());
    ASSAY_RETURN_IF_ERROR(ExpectSameSets(a, b));
    options.mix[0].samples = 0;
    ASSAY_PROBE(!run.Train(run.graph(), &b, options).ok(), "a share of 0");
    return sdk::OkStatus();
  }
};

TEST(TrainingProbes, AComposedDataStream) {
  Composed probe;
  RunProbe(probe);
}

}  // namespace
}  // namespace assay
