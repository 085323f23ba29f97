#include "harness/models/bert/bert.h"

#include "harness/models/lme/lme.h"

namespace assay {
namespace {

constexpr int64_t kVocabulary = 30522, kPositions = 512, kLength = 128;
constexpr int64_t kHeadFeatures = 64;

const EncoderNames& Names() {
  static const EncoderNames* const names =
      new EncoderNames{.token = "bert.embeddings.word_embeddings",
                       .position = "bert.embeddings.position_embeddings",
                       .type = "bert.embeddings.token_type_embeddings",
                       .norm = "bert.embeddings.LayerNorm",
                       .pooler = "bert.pooler.dense",
                       .layer = "bert.encoder.layer.",
                       .query = ".attention.self.query",
                       .key = ".attention.self.key",
                       .value = ".attention.self.value",
                       .output = ".attention.output.dense",
                       .norm1 = ".attention.output.LayerNorm",
                       .up = ".intermediate.dense",
                       .down = ".output.dense",
                       .norm2 = ".output.LayerNorm"};
  return *names;
}

}  // namespace

absl::StatusOr<ReferenceGraph> Bert(const OpSet& ops, const BertOptions& bert,
                                    const ReferenceGraphOptions& options) {
  return Lme(ops,
             {.name = bert.name,
              .vocabulary = kVocabulary,
              .layers = bert.layers,
              .features = bert.features,
              .heads = bert.features / kHeadFeatures,
              .hidden = 4 * bert.features,
              .positions = kPositions,
              .length = kLength,
              .names = Names()},
             options);
}

}  // namespace assay
