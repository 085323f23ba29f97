// Decoding with a cache; see services/decode.h.
#ifndef ASSAY_HARNESS_ABI_SDK_DECODE_H_
#define ASSAY_HARNESS_ABI_SDK_DECODE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "parameters.h"
#include "random.h"

namespace assay::sdk {

class Decoder {
 public:
  using Raw = Handle<assay_decoder, assay_decode_table, &Services::decode,
                     &assay_decode_table::free>;
  Decoder() = default;
  static StatusOr<Decoder> Make(const Services& s, ParametersRef set) {
    assay_decoder* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s, decode, make, set.raw(), &raw));
    Decoder decoder;
    decoder.s_ = &s;
    decoder.handle_ = Raw(s, raw);
    return decoder;
  }

  // What computes `to` from `from`; the result is the part's number.
  StatusOr<uint32_t> AddPart(GraphRef graph, const std::vector<ValueId>& from,
                             const std::vector<ValueId>& to) {
    uint32_t part = 0;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(
        *s_, decode, add_part, handle_.get(), graph.raw(), from.data(),
        uint64_t{from.size()}, to.data(), uint64_t{to.size()}, &part));
    return part;
  }
  // Positions that the part holds; -1 where there is no such part.
  int64_t Length(uint32_t part) const {
    if (s_ == nullptr || !HasSlot(s_->decode, &assay_decode_table::length)) {
      return -1;
    }
    return s_->decode->length(s_->host, handle_.get(), part);
  }
  Status Truncate(uint32_t part, int64_t length) {
    return ASSAY_SDK_CALL(*s_, decode, truncate, handle_.get(), part, length);
  }
  // inputs[i] is [1,m,...]; the part grows by m positions.
  Status Run(uint32_t part, const std::vector<const Tensor*>& inputs) {
    const std::vector<const assay_tensor*> raw = ToRaw(inputs);
    return ASSAY_SDK_CALL(*s_, decode, run, handle_.get(), part, raw.data(),
                          uint64_t{raw.size()});
  }
  Status Store(uint32_t part, const std::vector<const Tensor*>& inputs) {
    const std::vector<const assay_tensor*> raw = ToRaw(inputs);
    return ASSAY_SDK_CALL(*s_, decode, store, handle_.get(), part, raw.data(),
                          uint64_t{raw.size()});
  }
  // A part that takes tokens.
  Status RunTokens(uint32_t part, const std::vector<int32_t>& tokens) {
    ASSAY_ASSIGN_OR_RETURN(
        Tensor tensor,
        Tensor::Make(
            *s_, DType::kS32,
            std::vector<int64_t>{1, static_cast<int64_t>(tokens.size())}));
    std::copy(tokens.begin(), tokens.end(), tensor.values<int32_t>().begin());
    return Run(part, {&tensor});
  }
  // to[index] of the part's last run.
  StatusOr<Tensor> Fetch(uint32_t part, uint32_t index = 0) const {
    const assay_decoder* decoder = handle_.get();
    assay_tensor* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, decode, fetch, decoder, part, index, &raw));
    return Tensor::Adopt(*s_, raw);
  }

 private:
  static std::vector<const assay_tensor*> ToRaw(
      const std::vector<const Tensor*>& inputs) {
    std::vector<const assay_tensor*> raw;
    for (const Tensor* input : inputs) raw.push_back(input->raw());
    return raw;
  }

  const Services* s_ = nullptr;
  Raw handle_;
};

// Row `position` of logits [1,m,V].
inline Span<const float> LogitRow(const Tensor& logits, int64_t position) {
  const size_t width = static_cast<size_t>(logits.shape().back());
  return logits.values<float>().subspan(static_cast<size_t>(position) * width,
                                        width);
}

// The most likely token, the lowest of equals.
inline int32_t ArgMax(Span<const float> logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) -
                              logits.begin());
}

// Probabilities at a temperature.
inline std::vector<double> Softmax(Span<const float> logits,
                                   double temperature = 1) {
  const double largest =
      double{*std::max_element(logits.begin(), logits.end())};
  std::vector<double> p;
  double sum = 0;
  for (const float logit : logits) {
    p.push_back(std::exp((double{logit} - largest) / temperature));
    sum += p.back();
  }
  for (double& one : p) one /= sum;
  return p;
}

// A token drawn by weights that need not add up to 1: probabilities, or what is
// left of a target's where a draft was refused.
inline int32_t Draw(Span<const double> weights, Random& random) {
  double sum = 0;
  for (const double w : weights) sum += w;
  double left = double{random.Uniform()} * sum;
  int32_t last = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    last = static_cast<int32_t>(i);
    if (left < weights[i]) return last;
    left -= weights[i];
  }
  return last;
}

// `count` tokens behind `prompt` by a part from tokens to logits, which is run
// on the prompt first: the most likely ones, or, with a random stream, drawn at
// the temperature. The last one has been written, not run.
inline StatusOr<std::vector<int32_t>> Generate(Decoder& decoder, uint32_t part,
                                               std::vector<int32_t> prompt,
                                               int64_t count,
                                               Random* random = nullptr,
                                               double temperature = 1) {
  std::vector<int32_t> written;
  std::vector<int32_t> next = std::move(prompt);
  for (int64_t i = 0; i < count; ++i) {
    ASSAY_RETURN_IF_ERROR(decoder.RunTokens(part, next));
    ASSAY_ASSIGN_OR_RETURN(const Tensor logits, decoder.Fetch(part));
    const Span<const float> row =
        LogitRow(logits, static_cast<int64_t>(next.size()) - 1);
    int32_t token = ArgMax(row);
    if (random != nullptr) {
      const std::vector<double> p = Softmax(row, temperature);
      token = Draw({p.data(), p.size()}, *random);
    }
    written.push_back(token);
    next = {token};
  }
  return written;
}

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_DECODE_H_
