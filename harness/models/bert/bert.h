// BERT (Devlin et al. 2019) in the small sizes of Turc et al. 2019.
#ifndef ASSAY_HARNESS_MODELS_BERT_BERT_H_
#define ASSAY_HARNESS_MODELS_BERT_BERT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// BERT-Tiny by default. Heads have 64 features, MLPs 4 * features.
struct BertOptions {
  std::string name = "bert-tiny";
  int64_t layers = 2;
  int64_t features = 128;
};

// A classifier of single sequences: an encoder as lme.h describes it, with
// 30,522 word pieces and 512 positions. Input "tokens" s32 [N,128] by default,
// at most 512 long, 0 for padding; output "logits" [N,2] by default.
// Parameters are called as Hugging Face's BertForSequenceClassification does
// ("bert.embeddings.word_embeddings.weights",
// "bert.encoder.layer.0.attention.self.query.weights", "classifier.bias"), so
// that its weights fit by FromTorch (torch_names.h).
absl::StatusOr<ReferenceGraph> Bert(const OpSet& ops, const BertOptions& bert,
                                    const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_BERT_BERT_H_
