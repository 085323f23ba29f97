// Gates, relaxed choices and losses, composed of ops. See image.h for what
// holds of all.
#ifndef ASSAY_HARNESS_MODELS_COMPOSE_GATE_H_
#define ASSAY_HARNESS_MODELS_COMPOSE_GATE_H_

#include <cstdint>
#include <string>

#include "harness/graph/builder.h"

namespace assay {

// src where it is positive; else slope * src, with a slope per channel of
// [N,C,..] (PReLU; [C] or [1]).
ValueId Prelu(GraphBuilder& b, ValueId src, ValueId slope);
ValueId LeakyRelu(GraphBuilder& b, ValueId src, double slope);
// src where it is positive, else alpha * (exp(src) - 1).
ValueId Elu(GraphBuilder& b, ValueId src, double alpha = 1);
// log(1 + exp(src)), exact for large magnitudes.
ValueId Softplus(GraphBuilder& b, ValueId src);

// value * f(gate); f is an op of one operand: "sigmoid" (GLU), "silu" (SwiGLU),
// "gelu" (GeGLU), "relu" (ReGLU), "identity" (bilinear).
ValueId Gated(GraphBuilder& b, ValueId value, ValueId gate,
              const std::string& f);
// The same for halves of src along `axis`: the first is the value, the second
// the gate (PyTorch's glu with "sigmoid").
ValueId Glu(GraphBuilder& b, ValueId src, int64_t axis, const std::string& f);

// Maximum over runs of `pieces` channels: [N,C*pieces,..] -> [N,C,..].
ValueId Maxout(GraphBuilder& b, ValueId src, int64_t pieces);

// The value of `hard`, to the bit, with the gradient of `soft`.
ValueId StraightThrough(GraphBuilder& b, ValueId hard, ValueId soft);

// softmax((logits + noise) / temperature) over the last axis, with the Gumbel
// noise -log(-log(uniform)); `uniform` in [0, 1) has the logits' shape (op
// random_uniform), `temperature` is []. With hard, a one-hot vector of the
// largest (ties to the first) whose gradient is the soft one's.
ValueId GumbelSoftmax(GraphBuilder& b, ValueId logits, ValueId uniform,
                      ValueId temperature, bool hard);

// PACT: src clipped to [0, level], then rounded to 2^bits - 1 steps of
// level / (2^bits - 1). `level` is f32 [] and above 0; its gradient is the sum
// of dst's where src is above it, src's passes between 0 and level.
ValueId Pact(GraphBuilder& b, ValueId src, ValueId level, int64_t bits);

// By rows of the last axis, [.., C] -> [..]: sum of p * (log p - log q) for
// log p (`target`) and log q, both log-probabilities.
ValueId KlDivergence(GraphBuilder& b, ValueId target, ValueId log_q);
// temperature^2 * mean over rows of KL(softmax(teacher / temperature) ||
// softmax(student / temperature)), a scalar. No gradient flows to the teacher.
ValueId DistillationLoss(GraphBuilder& b, ValueId student, ValueId teacher,
                         double temperature);
// The mean over all elements of (a - b)^2, a scalar.
ValueId MeanSquaredError(GraphBuilder& b, ValueId x, ValueId y);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_COMPOSE_GATE_H_
