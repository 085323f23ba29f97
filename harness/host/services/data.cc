#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/host/services/parts.h"
#include "harness/host/services/service_host.h"
#include "harness/host/services/tables.h"
#include "harness/tasks/batches.h"

namespace assay {
namespace {

constexpr int64_t kGather = 512;  // samples whose labels are read at once

absl::StatusOr<assay_part*> FindPart(assay_host* host, const assay_part* part) {
  return host->handles().Find(part, "part");
}

assay_part* AddPart(assay_host* host, Split split,
                    std::vector<int64_t> samples) {
  auto part = std::make_unique<assay_part>();
  part->split = split;
  part->samples = std::move(samples);
  return host->handles().Add(std::move(part));
}

assay_status* Whole_(assay_host* host, int32_t split, const assay_part** out) {
  return Serve(host, "data.whole", [&]() -> absl::Status {
    if (split != ASSAY_TRAIN && split != ASSAY_VALIDATION) {
      return absl::InvalidArgumentError(absl::StrCat(
          "data.whole: split: expected 0 (train) or 1 (validation), got ",
          split));
    }
    *out =
        host->Whole(split == ASSAY_TRAIN ? Split::kTrain : Split::kValidation);
    return absl::OkStatus();
  });
}

absl::Status CheckStream(assay_text stream, const char* what) {
  if (stream.size > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("data.", what, ": the random stream has no name"));
}

assay_status* Carve(assay_host* host, const assay_part* part, int64_t count,
                    assay_text stream, assay_part** out, assay_part** rest) {
  return Serve(host, "data.carve", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_part * p, FindPart(host, part));
    ASSAY_RETURN_IF_ERROR(CheckStream(stream, "carve"));
    const auto size = static_cast<int64_t>(p->samples.size());
    if (count < 1 || count > size) {
      return absl::InvalidArgumentError(absl::StrCat(
          "data.carve: expected a count in [1, ", size, "], got ", count));
    }
    const std::vector<int64_t> order =
        host->Stream(View(stream))->stream.Permutation(size);
    std::vector<int64_t> chosen, left;
    std::vector<bool> taken(p->samples.size(), false);
    for (int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<size_t>(order[static_cast<size_t>(i)]);
      taken[at] = true;
      chosen.push_back(p->samples[at]);
    }
    for (size_t i = 0; i < taken.size(); ++i) {
      if (!taken[i]) left.push_back(p->samples[i]);
    }
    *out = AddPart(host, p->split, std::move(chosen));
    if (rest != nullptr) *rest = AddPart(host, p->split, std::move(left));
    return absl::OkStatus();
  });
}

// The class of each sample of a part.
absl::StatusOr<std::vector<int32_t>> Labels(assay_host* host,
                                            const assay_part& part) {
  const Dataset& data = host->task().dataset();
  if (!data.spec().label_shape.empty()) {
    return absl::FailedPreconditionError(
        "data.balanced: the task's samples have no class");
  }
  std::vector<int32_t> labels;
  Tensor features, batch;
  for (size_t i = 0; i < part.samples.size(); i += kGather) {
    const auto some = absl::MakeConstSpan(part.samples).subspan(i, kGather);
    ASSAY_RETURN_IF_ERROR(data.Batch(part.split, some, &features, &batch));
    labels.insert(labels.end(), batch.data<int32_t>(),
                  batch.data<int32_t>() + some.size());
  }
  return labels;
}

assay_status* Balanced(assay_host* host, const assay_part* part,
                       int64_t per_class, assay_text stream, assay_part** out) {
  return Serve(host, "data.balanced", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_part * p, FindPart(host, part));
    ASSAY_RETURN_IF_ERROR(CheckStream(stream, "balanced"));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<int32_t> labels, Labels(host, *p));
    const auto classes =
        static_cast<size_t>(host->task().dataset().spec().classes);
    std::vector<std::vector<int64_t>> of(classes);
    for (int64_t at :
         host->Stream(View(stream))
             ->stream.Permutation(static_cast<int64_t>(labels.size()))) {
      const auto i = static_cast<size_t>(at);
      of[static_cast<size_t>(labels[i])].push_back(p->samples[i]);
    }
    std::vector<int64_t> chosen;
    for (int64_t k = 0; k < per_class; ++k) {
      for (size_t c = 0; c < classes; ++c) {
        if (static_cast<int64_t>(of[c].size()) < per_class) {
          return absl::InvalidArgumentError(
              absl::StrCat("data.balanced: class ", c, " has ", of[c].size(),
                           " samples in this part, asked for ", per_class));
        }
        chosen.push_back(of[c][static_cast<size_t>(k)]);
      }
    }
    *out = AddPart(host, p->split, std::move(chosen));
    return absl::OkStatus();
  });
}

assay_status* Select(assay_host* host, const assay_part* part,
                     const int64_t* positions, uint64_t count,
                     assay_part** out) {
  return Serve(host, "data.select", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_part * p, FindPart(host, part));
    std::vector<int64_t> chosen;
    for (uint64_t i = 0; i < count; ++i) {
      if (positions[i] < 0 ||
          positions[i] >= static_cast<int64_t>(p->samples.size())) {
        return absl::OutOfRangeError(
            absl::StrCat("data.select: the part has ", p->samples.size(),
                         " samples, asked for number ", positions[i]));
      }
      chosen.push_back(p->samples[static_cast<size_t>(positions[i])]);
    }
    *out = AddPart(host, p->split, std::move(chosen));
    return absl::OkStatus();
  });
}

int64_t SizeOfPart(assay_host* host, const assay_part* part) {
  const auto p = FindPart(host, part);
  return p.ok() ? static_cast<int64_t>((*p)->samples.size()) : 0;
}

void FreePart(assay_host* host, assay_part* part) {
  const absl::Status status = host->handles().Free(part, "data.free_part");
  if (!status.ok()) host->sink().Misbehaviour(status.message());
}

absl::Status CheckOptions(const assay_batches_options& o, Split split) {
  const bool shuffle = (o.flags & ASSAY_SHUFFLE) != 0;
  if (shuffle && split != Split::kTrain) {
    return absl::InvalidArgumentError(
        "data.open: only parts of the train split are shuffled; select "
        "positions in random order instead");
  }
  if (shuffle) return CheckStream(o.stream, "open");
  if ((o.flags & ASSAY_AUGMENT) != 0) {
    return absl::InvalidArgumentError(
        "data.open: AUGMENT goes with SHUFFLE only");
  }
  return absl::OkStatus();
}

assay_status* Open(assay_host* host, const assay_part* part,
                   const assay_batches_options* options, assay_batches** out) {
  return Serve(host, "data.open", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_part * p, FindPart(host, part));
    assay_batches_options preset{};
    preset.batch_size = ASSAY_UNSET;
    ASSAY_ASSIGN_OR_RETURN(const assay_batches_options o,
                           Receive(options, preset, "data.open"));
    ASSAY_RETURN_IF_ERROR(CheckOptions(o, p->split));
    auto batches = std::make_unique<assay_batches>();
    batches->split = p->split;
    const bool shuffle = (o.flags & ASSAY_SHUFFLE) != 0;
    ASSAY_ASSIGN_OR_RETURN(
        batches->source,
        shuffle ? TrainingSource(host, *p, o.batch_size, View(o.stream),
                                 (o.flags & ASSAY_AUGMENT) != 0)
                : OrderedSource(host, *p, o.batch_size));
    batches->endless_source = shuffle;
    batches->per_epoch = batches->source->batch_count();
    batches->limit = (o.flags & ASSAY_REPEAT) != 0 ? -1 : batches->per_epoch;
    *out = host->handles().Add(std::move(batches));
    return absl::OkStatus();
  });
}

assay_status* Compose(assay_host* host, const assay_mix* mix,
                      const assay_batches_options* options,
                      assay_batches** out) {
  return Serve(host, "data.compose", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const assay_mix m,
                           Receive(mix, assay_mix{}, "data.compose"));
    assay_batches_options preset{};
    preset.batch_size = ASSAY_UNSET;
    ASSAY_ASSIGN_OR_RETURN(const assay_batches_options o,
                           Receive(options, preset, "data.compose"));
    ASSAY_RETURN_IF_ERROR(CheckStream(o.stream, "compose"));
    auto batches = std::make_unique<assay_batches>();
    ASSAY_ASSIGN_OR_RETURN(
        batches->source,
        MixedSource(host, m, View(o.stream), (o.flags & ASSAY_AUGMENT) != 0));
    if (o.batch_size >= 0 && o.batch_size != batches->source->batch_size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "data.compose: batch size: expected the sum of the shares, ",
          batches->source->batch_size(), ", got ", o.batch_size));
    }
    batches->endless_source = true;
    batches->per_epoch = batches->source->batch_count();
    *out = host->handles().Add(std::move(batches));
    return absl::OkStatus();
  });
}

void EndLent(assay_host* host, assay_batches* b) {
  for (const assay_tensor* tensor : b->tensors) host->handles().Remove(tensor);
  b->tensors.clear();
  b->names.clear();
  b->feeds.clear();
  b->feed_pointers.clear();
}

void LendBatch(assay_host* host, assay_batches* b, Batch batch) {
  EndLent(host, b);
  for (auto& [name, value] : batch.feeds) {
    auto tensor = std::make_unique<assay_tensor>(std::move(value));
    tensor->lent = true;
    tensor->writable = false;
    b->tensors.push_back(host->handles().Add(std::move(tensor)));
    b->names.push_back(name);
  }
  for (size_t i = 0; i < b->names.size(); ++i) {
    b->feeds.push_back(
        {ASSAY_SIZE(assay_feed), 0, Lend(b->names[i]), b->tensors[i]});
  }
  for (const assay_feed& feed : b->feeds) b->feed_pointers.push_back(&feed);
  b->batch.size = ASSAY_SIZE(assay_batch);
  b->batch.feed_count = static_cast<uint32_t>(b->feeds.size());
  b->batch.feeds = b->feed_pointers.data();
  b->batch.samples = batch.samples;
  b->batch.epoch = b->next / b->per_epoch;
}

assay_status* Next(assay_host* host, assay_batches* batches,
                   const assay_batch** out) {
  return Serve(host, "data.next", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_batches * b,
                           host->handles().Find(batches, "batches"));
    if (b->limit >= 0 && b->next >= b->limit) {
      EndLent(host, b);
      *out = nullptr;
      return absl::OkStatus();
    }
    const bool counts = b->split == Split::kTrain;
    if (counts) {
      ASSAY_RETURN_IF_ERROR(host->Afford(b->source->batch_size(), 0, 0));
    }
    // A source that is read in order once starts over when it repeats.
    const int64_t number = b->endless_source ? b->next : b->next % b->per_epoch;
    ASSAY_ASSIGN_OR_RETURN(Batch batch, b->source->Make(number));
    if (counts) host->ledger().samples += batch.samples;
    LendBatch(host, b, std::move(batch));
    ++b->next;
    *out = &b->batch;
    return absl::OkStatus();
  });
}

void FreeBatches(assay_host* host, assay_batches* batches) {
  const auto b = host->handles().Find(batches, "data.free_batches");
  if (!b.ok()) {
    host->sink().Misbehaviour(b.status().message());
    return;
  }
  EndLent(host, *b);
  host->handles().Remove(*b);
}

}  // namespace

const assay_data_table* DataTable() {
  static constexpr assay_data_table kTable = {ASSAY_SIZE(assay_data_table),
                                              1,
                                              &Whole_,
                                              &Carve,
                                              &Balanced,
                                              &Select,
                                              &SizeOfPart,
                                              &FreePart,
                                              &Open,
                                              &Next,
                                              &FreeBatches,
                                              &Compose};
  return &kTable;
}

}  // namespace assay
