#include "datasets/grammar/opinions.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "datasets/grammar/lexicon.h"

namespace assay::datasets::grammar {
namespace {

// Scales the number of adjectives, hence how many are rare. The README says
// what a small encoder reaches at this value.
constexpr double kDifficulty = 1.0;
constexpr int64_t kAdjectives = static_cast<int64_t>(400 * kDifficulty);

constexpr const char* kAspects[] = {
    "plot",  "music", "acting",   "story",   "ending", "food",   "room",
    "staff", "view",  "price",    "screen",  "sound",  "camera", "design",
    "book",  "style", "dialogue", "service", "garden", "song"};
constexpr const char* kCopulas[] = {"was", "is", "seemed", "felt"};
constexpr const char* kNegations[] = {"not", "hardly"};
constexpr const char* kJoins[] = {"and", "while"};

const Zipf& Frequencies() {
  static const auto* const zipf = new Zipf(kAdjectives);
  return *zipf;
}

}  // namespace

OpinionWriter::OpinionWriter(uint64_t seed) {
  RandomStream stream(seed, "grammar/adjectives");
  adjectives_ = InventWords(kAdjectives, stream);
  for (int64_t i = 0; i < kAdjectives; ++i) {
    polarity_.push_back(stream.Below(2) == 0 ? -1 : 1);
  }
}

OpinionWriter::Draft OpinionWriter::WriteDraft(RandomStream& stream) const {
  Draft draft;
  int weight = 1;
  const uint64_t clauses = 1 + stream.Below(3);
  for (uint64_t c = 0; c < clauses; ++c) {
    if (c > 0) {
      const bool turn = Chance(0.4, stream);
      weight = turn ? 2 : weight;
      absl::StrAppend(&draft.text, turn ? "but" : OneOf(kJoins, stream), " ");
    }
    absl::StrAppend(&draft.text, "the ", OneOf(kAspects, stream), " ");
    absl::StrAppend(&draft.text, OneOf(kCopulas, stream), " ");
    int opinion = 2 * weight;
    if (Chance(0.35, stream)) {
      opinion = -opinion;
      absl::StrAppend(&draft.text, OneOf(kNegations, stream), " ");
    }
    if (Chance(0.3, stream)) {
      const bool very = Chance(0.5, stream);
      opinion = very ? opinion * 2 : opinion / 2;
      absl::StrAppend(&draft.text, very ? "very " : "slightly ");
    }
    const auto word = static_cast<size_t>(Frequencies().Draw(stream));
    absl::StrAppend(&draft.text, adjectives_[word], " ");
    draft.sum += opinion * polarity_[word];
  }
  draft.text += ".";
  return draft;
}

Opinion OpinionWriter::Write(int32_t label, RandomStream& stream) const {
  while (true) {
    Draft draft = WriteDraft(stream);
    if (draft.sum != 0 && (draft.sum > 0) == (label == 1)) {
      return {std::move(draft.text), label};
    }
  }
}

}  // namespace assay::datasets::grammar
