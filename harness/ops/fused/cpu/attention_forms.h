// What the kernels of attention share: what a run needs, and how elements lie
// for the products of attention_rows.h.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_FORMS_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_FORMS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "harness/backend/cpu/program_builder.h"
#include "harness/backend/cpu/round_up.h"
#include "harness/backend/cpu/rounding.h"
#include "harness/ops/fused/attention.h"
#include "harness/ops/fused/cpu/attention_rows.h"

namespace assay::cpu {

constexpr int64_t kVector = 16;  // floats in a vector

// What a run needs, fixed at compile time.
struct Attention {
  explicit Attention(ProgramBuilder& b);

  // Keys that the queries before `end` see.
  int64_t Seen(int64_t end) const {
    return causal ? end + extents.keys - extents.queries : extents.keys;
  }

  // What attention_fused reads and writes; gives the slots that are read.
  std::vector<SlotId> BindOperands(ProgramBuilder& b);
  // Operand i, where it is given, becomes the mask.
  void ReadMask(ProgramBuilder& b, size_t i, std::vector<SlotId>* reads);
  // The row of query t; null without a mask.
  const float* Mask(void* const* slots, int64_t b, int64_t h, int64_t t) const;

  AttentionExtents extents;
  HeadView query, key, value;
  int64_t repeats;
  float scale;
  bool causal;
  int64_t keys_padded, features_padded, blocks;
  int parts;
  Rounding rounding;  // of what attention_fused stores
  int64_t mask_strides[4] = {0, 0, 0, 0};
  SlotId query_slot, key_slot, value_slot, mask_slot = kNoSlot, dst, scratch;
};

template <typename T>
T* HeadAt(void* const* slots, SlotId slot, const HeadView& view, int64_t b,
          int64_t h) {
  return At<T>(slots, slot) + view.offset + b * view.batch + h * view.head;
}

// Elements are multiplied one by one, in f32.
template <typename T>
struct Singles {
  using Source = T;
  using Word = float;
  static constexpr int64_t kGroup = 1;
  static constexpr auto kProduct = ProductF32;
  static constexpr auto kAddOuter = AddOuterF32;
  // Columns of groups, as PackColumns has them.
  static void JoinColumns(const T* from, int64_t row, int64_t rows, int64_t n,
                          int64_t padded, Word* to) {
    if constexpr (std::is_same_v<T, float>) {
      TransposeWords(from, row, rows, n, padded, to);
    } else {
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t d = 0; d < n; ++d) {
          to[d * padded + r] = static_cast<float>(from[r * row + d]);
        }
      }
    }
  }
  // The groups of one row.
  static void JoinRow(const T* row, int64_t n, Word* to) {
    if constexpr (std::is_same_v<T, float>) {
      std::memcpy(to, row, static_cast<size_t>(n) * sizeof(Word));
    } else {
      for (int64_t d = 0; d < n; ++d) to[d] = static_cast<float>(row[d]);
    }
  }
  // The groups that rows make with each other, one per column.
  static void JoinRows(const T* row, const T*, int64_t n, Word* to) {
    JoinRow(row, n, to);
  }
  // Scores become weights, which Weights gives as a product reads them.
  static float Softmax(float scale, const float* mask, int64_t mask_step,
                       int64_t n, int64_t padded, float* scores, float*) {
    return SoftmaxRow(scale, mask, mask_step, n, padded, scores);
  }
  static const Word* Weights(const float* scores, float*) { return scores; }
  // A row of n floats, a multiple of 16, as a product reads it.
  static const Word* Left(const float* x, int64_t, float*) { return x; }
  // Rows of n floats, `row` apart, as an outer product reads them.
  static const Word* Outer(const float* x, int64_t, int64_t, int64_t, float*) {
    return x;
  }
};

// In pairs of bf16.
struct Pairs {
  using Source = BFloat16;
  using Word = uint32_t;
  static constexpr int64_t kGroup = 2;
  static constexpr auto kProduct = ProductBf16;
  static constexpr auto kAddOuter = AddOuterBf16;
  static void JoinColumns(const BFloat16* from, int64_t row, int64_t rows,
                          int64_t n, int64_t padded, Word* to) {
    if (row % 2 == 0) {
      TransposeWords(from, row / 2, rows, n / 2, padded, to);
    } else {
      for (int64_t r = 0; r < rows; ++r) {
        TransposeWords(from + r * row, 0, 1, n / 2, padded, to + r);
      }
    }
    if (n % 2 == 0) return;
    for (int64_t r = 0; r < rows; ++r) {
      to[n / 2 * padded + r] = from[r * row + n - 1].bits;
    }
  }
  static void JoinRow(const BFloat16* row, int64_t n, Word* to) {
    std::memcpy(to, row, static_cast<size_t>(n / 2) * sizeof(Word));
    if (n % 2 != 0) to[n / 2] = row[n - 1].bits;
  }
  // No second row: null.
  static void JoinRows(const BFloat16* first, const BFloat16* second, int64_t n,
                       Word* to) {
    for (int64_t d = 0; d < n; ++d) to[d] = first[d].bits;
    if (second == nullptr) return;
    for (int64_t d = 0; d < n; ++d) to[d] |= Word{second[d].bits} << 16;
  }
  static float Softmax(float scale, const float* mask, int64_t mask_step,
                       int64_t n, int64_t padded, float* scores,
                       float* weights) {
    return SoftmaxRowBf16(scale, mask, mask_step, n, padded, scores,
                          reinterpret_cast<BFloat16*>(weights));
  }
  static const Word* Weights(const float*, float* weights) {
    return reinterpret_cast<const Word*>(weights);
  }
  static const Word* Left(const float* x, int64_t n, float* space) {
    ToBf16Row(x, n, reinterpret_cast<BFloat16*>(space));
    return reinterpret_cast<const Word*>(space);
  }
  static const Word* Outer(const float* x, int64_t rows, int64_t row, int64_t n,
                           float* space) {
    Word* to = reinterpret_cast<Word*>(space);
    for (int64_t r = 0; r < rows; r += 2) {
      ToBf16Pairs(x + r * row, r + 1 < rows ? x + (r + 1) * row : nullptr, n,
                  to + r / 2 * row);
    }
    return to;
  }
};

// Groups that n elements make.
template <typename Form>
int64_t Groups(int64_t n) {
  return (n + Form::kGroup - 1) / Form::kGroup;
}

// `rows` rows of `features` elements, `row` apart, as columns: rows of groups
// of features, `padded` wide, zero behind the last.
template <typename Form>
void PackColumns(const typename Form::Source* from, int64_t row, int64_t rows,
                 int64_t features, int64_t padded, typename Form::Word* to) {
  Form::JoinColumns(from, row, rows, features, padded, to);
  for (int64_t d = 0; d < Groups<Form>(features); ++d) {
    std::fill(to + d * padded + rows, to + (d + 1) * padded,
              typename Form::Word{0});
  }
}

// The same as rows of groups of rows, a column per feature.
template <typename Form>
void PackRows(const typename Form::Source* from, int64_t row, int64_t rows,
              int64_t features, int64_t padded, typename Form::Word* to) {
  for (int64_t r = 0; r < rows; r += Form::kGroup, to += padded) {
    const auto* first = from + r * row;
    Form::JoinRows(first, r + 1 < rows ? first + row : nullptr, features, to);
    std::fill(to + features, to + padded, typename Form::Word{0});
  }
}

// The same as a product's left side: up to kBlockRows rows of groups of
// features, zero behind the last row.
template <typename Form>
void PackBlock(const typename Form::Source* from, int64_t row, int64_t rows,
               int64_t features, typename Form::Word* to) {
  const int64_t words = Groups<Form>(features);
  for (int64_t r = 0; r < kBlockRows; ++r, to += words) {
    if (r < rows) {
      Form::JoinRow(from + r * row, features, to);
    } else {
      std::fill(to, to + words, typename Form::Word{0});
    }
  }
}

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_FORMS_H_
