// Functions of sequences and of edges, composed of ops: recurrent layers,
// statistics over time, normalisation of what a mask keeps, messages in graphs.
// See image.h for what holds of all.
#ifndef ASSAY_HARNESS_MODELS_COMPOSE_SEQUENCE_H_
#define ASSAY_HARNESS_MODELS_COMPOSE_SEQUENCE_H_

#include <cstdint>
#include <vector>

#include "harness/graph/builder.h"

namespace assay {

// One layer of one direction in PyTorch's layout, gates of H rows each: input,
// forget, cell, output for an LSTM; reset, update, new for a GRU.
struct RecurrentWeights {
  ValueId input = kNoValue;      // [gates*H, I]
  ValueId recurrent = kNoValue;  // [gates*H, H]
  // [gates*H], each or both may be absent.
  ValueId bias = kNoValue, recurrent_bias = kNoValue;
};

// [N,H] each; kNoValue stands for zeros. A GRU has no cell.
struct RecurrentState {
  ValueId hidden = kNoValue, cell = kNoValue;
};

struct RecurrentResult {
  ValueId sequence = kNoValue;  // [N,T,H], the hidden state of each step
  RecurrentState last;          // after the last step that was taken
};

// One step on src [N,I], for streaming: the caller carries the state, as inputs
// and outputs of the graph.
//   LSTM: i, f, o = sigmoid, g = tanh of (W src + b + R h + r),
//         cell = f * cell + i * g, hidden = o * tanh(cell)
//   GRU:  reset, update = sigmoid(W src + b + R h + r),
//         new = tanh(W src + b + reset * (R h + r)),
//         hidden = (1 - update) * new + update * h
RecurrentState LstmStep(GraphBuilder& b, ValueId src,
                        const RecurrentWeights& weights,
                        const RecurrentState& state);
RecurrentState GruStep(GraphBuilder& b, ValueId src,
                       const RecurrentWeights& weights,
                       const RecurrentState& state);

// All steps of src [N,T,I], written out: one matrix product for the inputs of
// all steps, then about 16 nodes a step. `backwards` starts at the last step;
// the sequence stays in the order of src. A layer of two directions is two
// calls and a concat.
RecurrentResult Lstm(GraphBuilder& b, ValueId src,
                     const RecurrentWeights& weights,
                     const RecurrentState& initial = {},
                     bool backwards = false);
RecurrentResult Gru(GraphBuilder& b, ValueId src,
                    const RecurrentWeights& weights,
                    const RecurrentState& initial = {}, bool backwards = false);

// What keeps the root of a variance away from 0: added to it, or a lower bound.
enum class VarianceFloor : uint8_t { kAdded, kLowerBound };

// [N,C,..] -> [N,2C]: mean and standard deviation (biased) over all axes from 2
// on. `weights`, if given, broadcasts against src and sums to 1 over these
// axes: attention (attentive statistics pooling), or MaskWeights.
ValueId StatisticsPool(GraphBuilder& b, ValueId src, ValueId weights,
                       double floor,
                       VarianceFloor kind = VarianceFloor::kLowerBound);

// mask / sum(mask) over `axes`: each kept element's share of a mean. `mask` is
// a float of zeros and ones with at least one 1 in each such row.
ValueId MaskWeights(GraphBuilder& b, ValueId mask, std::vector<int64_t> axes);

// (x - mean) / sqrt(variance + epsilon) * mask, with mean and biased variance
// over `axes` of what `mask` (of zeros and ones, of src's shape along `axes`)
// keeps: equal to normalising what is left when the rest is cut out. `axes`
// {-1} make a masked layer norm, all but 1 a masked batch norm by the batch's
// statistics.
ValueId MaskedNormalise(GraphBuilder& b, ValueId src, ValueId mask,
                        std::vector<int64_t> axes, double epsilon);
// Masked layer norm: ((normalised * scale) + shift) * mask over the last axis.
ValueId MaskedLayerNorm(GraphBuilder& b, ValueId src, ValueId mask,
                        ValueId scale, ValueId shift, double epsilon);
// Masked RMS norm: src / sqrt(mean of kept squares + epsilon) * scale * mask.
ValueId MaskedRmsNorm(GraphBuilder& b, ValueId src, ValueId mask, ValueId scale,
                      double epsilon);

// y[t] = src[t] + decay * y[t-1] along axis 1 of [N,T,..]: a bank of
// exponential averages, in ceil(log2 T) steps. `decay` broadcasts against src
// and does not depend on time ([1,1,D] or []).
ValueId ExponentialScan(GraphBuilder& b, ValueId src, ValueId decay);

// Messages: src [E,..] along edges whose ends `indices` s32 [E] name, to rows
// [rows,..]. The sum is op scatter_add, the maximum scatter_max.
ValueId SegmentMean(GraphBuilder& b, ValueId src, ValueId indices,
                    int64_t rows);  // 0 for a row without edges
// exp(src - its row's maximum) / their sum over the row, by edge: [E,..].
ValueId SegmentSoftmax(GraphBuilder& b, ValueId src, ValueId indices,
                       int64_t rows);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_COMPOSE_SEQUENCE_H_
