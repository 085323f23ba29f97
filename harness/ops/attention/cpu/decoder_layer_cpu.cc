#include "harness/ops/attention/cpu/decoder_layer_cpu.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/vector16.h"
#include "harness/ops/elementwise/cpu/vector_math.h"
#include "harness/ops/fused/cpu/attention_rows.h"
#include "harness/ops/matmul/cpu/gemv.h"
#include "harness/ops/matmul/cpu/u4_panels.h"
#include "harness/ops/matmul/cpu/u4_slots.h"

namespace assay::cpu {
namespace {

int64_t RoundUp(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// --- Loops

ASSAY_CPU_CLONES void NormRow(const float* x, const float* scale, int64_t n,
                              float epsilon, float* dst) {
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t i = 0; i < n; ++i) squares += x[i] * x[i];
  const float factor =
      1.0f / std::sqrt(squares / static_cast<float>(n) + epsilon);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) dst[i] = x[i] * factor * scale[i];
}

ASSAY_CPU_CLONES void SiluTimes(const float* up, int64_t n, float* gate) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) gate[i] *= VectorSigmoid(gate[i]) * up[i];
}

// dst[i] += x[i], or dst[i] *= x[i].
ASSAY_CPU_CLONES void AddRow(const float* x, int64_t n, float* dst) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) dst[i] += x[i];
}
ASSAY_CPU_CLONES void MulRow(const float* x, int64_t n, float* dst) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) dst[i] *= x[i];
}

// scores[t] = sum over d of q[d] * keys[d][t], for t below n rounded up to 16;
// `keys_row` apart, the rows have room for that.
ASSAY_CPU_CLONES void Scores(const float* q, const float* keys,
                             int64_t keys_row, int64_t width, int64_t n,
                             float* scores) {
  int64_t t = 0;
  for (; t + 4 * kLanes <= keys_row && t < n; t += 4 * kLanes) {
    V16 sums[4] = {};
    for (int64_t d = 0; d < width; ++d) {
      const V16 left = Splat(q[d]);
      for (int v = 0; v < 4; ++v) {
        sums[v] += left * LoadLanes(keys + d * keys_row + t + v * kLanes);
      }
    }
    for (int v = 0; v < 4; ++v) StoreLanes(sums[v], scores + t + v * kLanes);
  }
  for (; t < n; ++t) {
    float sum = 0;
    for (int64_t d = 0; d < width; ++d) sum += q[d] * keys[d * keys_row + t];
    scores[t] = sum;
  }
}

// dst[d] = factor * sum over t of weights[t] * values[t][d].
ASSAY_CPU_CLONES void Weigh(const float* weights, const float* values,
                            int64_t width, int64_t n, float factor,
                            float* dst) {
  int64_t d = 0;
  for (; d + kLanes <= width; d += kLanes) {
    V16 sums[4] = {};
    int64_t t = 0;
    for (; t + 4 <= n; t += 4) {
      for (int k = 0; k < 4; ++k) {
        sums[k] +=
            Splat(weights[t + k]) * LoadLanes(values + (t + k) * width + d);
      }
    }
    for (; t < n; ++t) {
      sums[0] += Splat(weights[t]) * LoadLanes(values + t * width + d);
    }
    StoreLanes(((sums[0] + sums[1]) + (sums[2] + sums[3])) * factor, dst + d);
  }
  for (; d < width; ++d) {
    float sum = 0;
    for (int64_t t = 0; t < n; ++t) sum += weights[t] * values[t * width + d];
    dst[d] = sum * factor;
  }
}

// --- The layer

constexpr size_t kZerosBehind = 4;  // operands between scales and zero points

// A matrix as the kernel reads it.
struct Packed {
  SlotId slot = kNoSlot, scales = kNoSlot;
  int64_t rows = 0, columns = 0;
  // Of 4 bits, with scales of their own.
  U4Slots u4;
  int64_t group = 0;

  U4Shape u4_shape() const {
    return {rows, columns, (columns + group - 1) / group, group};
  }
};

struct Layer {
  int64_t features, heads, kv_heads, width, hidden, places;
  float epsilon;
  DType dtype;
  Packed qkv, output, gate, up, down;
  SlotId src, position, norm1, norm2, keys, values;
  SlotId dst, keys_out, values_out, shared, own;
  int threads;

  // Floats that threads share: q, k and v; what heads gave; x; hidden; sums.
  int64_t AttendedAt() const { return RoundUp(qkv.rows); }
  int64_t XAt() const { return AttendedAt() + RoundUp(heads * width); }
  int64_t HiddenAt() const { return XAt() + RoundUp(features); }
  int64_t SumsAt() const { return HiddenAt() + RoundUp(hidden); }
  int64_t SharedFloats() const { return SumsAt() + RoundUp(features); }
  // Floats of one thread: a normalised row or a factor; scores; the vector of a
  // product as it reads it.
  int64_t SpaceAt() const {
    return RoundUp(std::max(features, hidden)) + RoundUp(places);
  }
  int64_t OwnFloats() const {
    int64_t bytes = 0;
    for (const Packed* m : {&qkv, &output, &gate, &up, &down}) {
      bytes = std::max(bytes, dtype == DType::kU8
                                  ? U4RowBytes(BestU4Form(), m->u4_shape())
                                  : GemvSpaceBytes(dtype, m->columns));
    }
    return SpaceAt() + RoundUp((bytes + 3) / 4);
  }
};

class DecoderLayerKernel final : public Kernel {
 public:
  DecoderLayerKernel(const Layer& layer, double base) : l_(layer) {
    const int64_t half = layer.width / 2;
    for (int64_t t = 0; t < layer.places; ++t) {
      for (int64_t i = 0; i < half; ++i) {
        const double angle =
            static_cast<double>(t) *
            std::pow(base, -static_cast<double>(i) / static_cast<double>(half));
        cosines_.push_back(static_cast<float>(std::cos(angle)));
        sines_.push_back(static_cast<float>(std::sin(angle)));
      }
    }
  }

  absl::Status Run(void* const* slots) const override {
    const int64_t position = *At<const int32_t>(slots, l_.position);
    if (position < 0 || position >= l_.places) {
      return absl::OutOfRangeError(
          absl::StrCat("position: expected a value in [0, ", l_.places,
                       "), got ", position));
    }
    KeepCache(slots, l_.keys, l_.keys_out);
    KeepCache(slots, l_.values, l_.values_out);
    if (l_.threads <= 1) {
      for (int phase = 0; phase < kPhases; ++phase) {
        RunPhase(slots, phase, position, 0);
      }
      return absl::OkStatus();
    }
#pragma omp parallel num_threads(l_.threads)
    {
      // Each thread's part is a loop's iteration, so that a smaller team does
      // all the same work.
      for (int phase = 0; phase < kPhases; ++phase) {
#pragma omp for schedule(static, 1)
        for (int part = 0; part < l_.threads; ++part) {
          RunPhase(slots, phase, position, part);
        }
      }
    }
    return absl::OkStatus();
  }

 private:
  static constexpr int kPhases = 5;

  // Unless the results lie where the operands do.
  void KeepCache(void* const* slots, SlotId from, SlotId to) const {
    if (slots[from] == slots[to]) return;
    std::memcpy(slots[to], slots[from],
                static_cast<size_t>(l_.kv_heads * l_.width * l_.places) *
                    sizeof(float));
  }

  float* Shared(void* const* slots) const {
    return At<float>(slots, l_.shared);
  }

  void RunPhase(void* const* slots, int phase, int64_t position,
                int part) const {
    float* shared = Shared(slots);
    float* own = At<float>(slots, l_.own) + part * l_.OwnFloats();
    const float* src = At<const float>(slots, l_.src);
    float* x = shared + l_.XAt();
    switch (phase) {
      case 0:
        NormRow(src, At<const float>(slots, l_.norm1), l_.features, l_.epsilon,
                own);
        return Product(slots, l_.qkv, Prepared(l_.qkv, own, own), part, shared);
      case 1:
        return Attend(slots, position, part, own);
      case 2:
        Product(slots, l_.output,
                Prepared(l_.output, shared + l_.AttendedAt(), own), part, x);
        return Add(l_.output, src, part, x);
      case 3:
        NormRow(x, At<const float>(slots, l_.norm2), l_.features, l_.epsilon,
                own);
        return Hidden(slots, part, Prepared(l_.gate, own, own),
                      shared + l_.HiddenAt());
      default:
        return Down(slots, part, x, own);
    }
  }

  struct Range {
    int64_t begin, end;
  };
  Range PartOf(int64_t n, int part) const {
    return {n * part / l_.threads, n * (part + 1) / l_.threads};
  }

  // The rows of whole blocks.
  Range RowsOf(const Packed& matrix, int part) const {
    const Range r = PartOf(GemvBlocks(matrix.rows), part);
    const int64_t begin = std::min(r.begin * kGemvRows, matrix.rows);
    return {begin, std::min(r.end * kGemvRows, matrix.rows)};
  }

  // x as products with `matrix`, and with others of its width, read it.
  const void* Prepared(const Packed& matrix, const float* x, float* own) const {
    void* space = own + l_.SpaceAt();
    if (l_.dtype != DType::kU8) {
      return PrepareGemv(l_.dtype, x, matrix.columns, space);
    }
    PrepareU4Row(BestU4Form(), x, matrix.u4_shape(), space);
    return space;
  }

  // out = matrix * x for the rows of blocks [begin, end).
  void Blocks(void* const* slots, const Packed& matrix, const void* x,
              int64_t begin, int64_t end, float* out) const {
    if (l_.dtype == DType::kU8) {
      return MultiplyU4(BestU4Form(), matrix.u4.At(slots, matrix.u4_shape()),
                        begin, end - begin, x, 1, out);
    }
    const char* packed = At<const char>(slots, matrix.slot) +
                         begin * GemvBlockBytes(l_.dtype, matrix.columns);
    Gemv(l_.dtype, packed, matrix.columns, x, 0, end - begin, out);
    if (matrix.scales == kNoSlot) return;
    const int64_t first = begin * kGemvRows;
    MulRow(At<const float>(slots, matrix.scales) + first,
           std::min(end * kGemvRows, matrix.rows) - first, out);
  }

  // out[rows of this part] = matrix * x.
  void Product(void* const* slots, const Packed& matrix, const void* x,
               int part, float* out) const {
    const Range r = PartOf(GemvBlocks(matrix.rows), part);
    Blocks(slots, matrix, x, r.begin, r.end, out + r.begin * kGemvRows);
  }

  void Add(const Packed& matrix, const float* x, int part, float* out) const {
    const Range rows = RowsOf(matrix, part);
    AddRow(x + rows.begin, rows.end - rows.begin, out + rows.begin);
  }

  // Gate and up of the same rows by the same thread, so that neither waits.
  void Hidden(void* const* slots, int part, const void* x,
              float* hidden) const {
    constexpr int64_t kAtOnce = 4;
    Product(slots, l_.gate, x, part, hidden);
    const Range r = PartOf(GemvBlocks(l_.hidden), part);
    float up[kAtOnce * kGemvRows];
    for (int64_t b = r.begin; b < r.end; b += kAtOnce) {
      const int64_t blocks = std::min(kAtOnce, r.end - b);
      const int64_t at = b * kGemvRows;
      const int64_t n = std::min(blocks * kGemvRows, l_.hidden - at);
      Blocks(slots, l_.up, x, b, b + blocks, up);
      SiluTimes(up, n, hidden + at);
    }
  }

  void Down(void* const* slots, int part, const float* x, float* own) const {
    float* shared = Shared(slots);
    float* sums = shared + l_.SumsAt();
    Product(slots, l_.down, Prepared(l_.down, shared + l_.HiddenAt(), own),
            part, sums);
    Add(l_.down, x, part, sums);
    const Range rows = RowsOf(l_.down, part);
    std::copy(sums + rows.begin, sums + rows.end,
              At<float>(slots, l_.dst) + rows.begin);
  }

  void Turn(int64_t position, float* x) const {
    const int64_t half = l_.width / 2;
    const float* cosine = cosines_.data() + position * half;
    const float* sine = sines_.data() + position * half;
    for (int64_t i = 0; i < half; ++i) {
      const float a = x[i], b = x[i + half];
      x[i] = a * cosine[i] - b * sine[i];
      x[i + half] = b * cosine[i] + a * sine[i];
    }
  }

  // Heads of keys and values are shared out with the queries that read them.
  void Attend(void* const* slots, int64_t position, int part,
              float* own) const {
    float* qkv = Shared(slots);
    const int64_t repeats = l_.heads / l_.kv_heads;
    const Range r = PartOf(l_.kv_heads, part);
    for (int64_t h = r.begin; h < r.end; ++h) {
      float* key = qkv + (l_.heads + h) * l_.width;
      const float* value = key + l_.kv_heads * l_.width;
      const int64_t at = h * l_.width * l_.places;
      float* keys = At<float>(slots, l_.keys_out) + at;
      float* values = At<float>(slots, l_.values_out) + at;
      Turn(position, key);
      for (int64_t d = 0; d < l_.width; ++d) {
        keys[d * l_.places + position] = key[d];
      }
      std::copy_n(value, l_.width, values + position * l_.width);
      for (int64_t q = h * repeats; q < (h + 1) * repeats; ++q) {
        AttendHead(keys, values, position, qkv + q * l_.width, own,
                   qkv + l_.AttendedAt() + q * l_.width);
      }
    }
  }

  void AttendHead(const float* keys, const float* values, int64_t position,
                  float* query, float* scores, float* dst) const {
    Turn(position, query);
    const int64_t n = position + 1;
    Scores(query, keys, l_.places, l_.width, n, scores);
    const float scale = 1.0f / std::sqrt(static_cast<float>(l_.width));
    const float sum = SoftmaxRow(scale, nullptr, 0, n, n, scores);
    Weigh(scores, values, l_.width, n, 1.0f / sum, dst);
  }

  Layer l_;
  std::vector<float> cosines_, sines_;  // [C, W/2]
};

// Packs a matrix that is not known before the run.
class PackKernel final : public Kernel {
 public:
  PackKernel(DType dtype, int64_t rows, int64_t columns, int64_t first_row,
             SlotId from, SlotId to)
      : dtype_(dtype),
        rows_(rows),
        columns_(columns),
        first_(first_row),
        from_(from),
        to_(to) {}

  absl::Status Run(void* const* slots) const override {
    const char* from =
        At<const char>(slots, from_) + first_ * columns_ * SizeOf(dtype_);
    PackGemv(dtype_, from, rows_, columns_, slots[to_]);
    return absl::OkStatus();
  }

 private:
  DType dtype_;
  int64_t rows_, columns_, first_;
  SlotId from_, to_;
};

class LayerBuilder {
 public:
  explicit LayerBuilder(ProgramBuilder& b) : b_(b) {}

  // Rows [first, first + rows) of operand `i`, whose scales are operand
  // `scales`.
  Packed Pack(size_t i, size_t scales, int64_t first, int64_t rows,
              int64_t columns) {
    if (b_.type(b_.input(i)).dtype == DType::kU8) {
      return PackU4Rows(i, scales, first, rows, columns);
    }
    const ValueId value = b_.input(i);
    const TensorType& type = b_.type(value);
    Packed packed;
    packed.rows = rows;
    packed.columns = columns;
    const int64_t bytes =
        GemvBlocks(rows) * GemvBlockBytes(type.dtype, packed.columns);
    if (b_.is_constant(value)) {
      const char* from =
          static_cast<const char*>(b_.graph().value(value).constant.raw()) +
          first * packed.columns * SizeOf(type.dtype);
      std::vector<char> memory(static_cast<size_t>(bytes));
      PackGemv(type.dtype, from, rows, packed.columns, memory.data());
      packed.slot = b_.Constant(memory.data(), bytes);
    } else {
      packed.slot = b_.Scratch(bytes);
      const SlotId read = b_.ReadPlain(value);
      b_.AddStep(std::make_unique<PackKernel>(type.dtype, rows, packed.columns,
                                              first, read, packed.slot),
                 {read}, {packed.slot});
    }
    reads_.push_back(packed.slot);
    if (b_.input(scales) != kNoValue) {
      packed.scales = ScalesFrom(b_.input(scales), first, rows);
    }
    return packed;
  }

  SlotId ReadRow(size_t i) {
    reads_.push_back(b_.ReadPlain(b_.input(i)));
    return reads_.back();
  }

  std::vector<SlotId>& reads() { return reads_; }

 private:
  Packed PackU4Rows(size_t i, size_t scales, int64_t first, int64_t rows,
                    int64_t columns) {
    Packed packed;
    packed.rows = rows;
    packed.columns = columns;
    packed.group = 2 * b_.shape(b_.input(i))[2];
    packed.u4 = PackU4(
        b_, {b_.input(i), b_.input(scales), b_.input(scales + kZerosBehind)},
        packed.u4_shape(), first);
    packed.u4.AppendTo(&reads_);
    return packed;
  }

  class CopyRows final : public Kernel {
   public:
    CopyRows(SlotId from, int64_t first, int64_t n, SlotId to)
        : from_(from), first_(first), n_(n), to_(to) {}
    absl::Status Run(void* const* slots) const override {
      std::copy_n(At<const float>(slots, from_) + first_, n_,
                  At<float>(slots, to_));
      return absl::OkStatus();
    }

   private:
    SlotId from_;
    int64_t first_, n_;
    SlotId to_;
  };

  SlotId ScalesFrom(ValueId all, int64_t first, int64_t rows) {
    SlotId own;
    if (b_.is_constant(all)) {
      const Tensor& scales = b_.graph().value(all).constant;
      own = b_.Constant(scales.data<float>() + first, rows * 4);
    } else {
      const SlotId read = b_.ReadPlain(all);
      own = b_.Scratch(rows * 4);
      b_.AddStep(std::make_unique<CopyRows>(read, first, rows, own), {read},
                 {own});
    }
    reads_.push_back(own);
    return own;
  }

  ProgramBuilder& b_;
  std::vector<SlotId> reads_;
};

}  // namespace

absl::Status MakeDecoderLayer(ProgramBuilder& b) {
  const Attributes& a = b.node().attributes;
  const Shape& cache = b.shape(b.input(8));
  Layer l;
  l.features = b.shape(b.input(0))[1];
  l.heads = a.Int("heads", 1);
  l.kv_heads = cache[0];
  l.width = cache[1];
  l.places = cache[2];
  l.hidden = b.shape(b.input(6))[0] / 2;
  l.epsilon = static_cast<float>(a.Real("epsilon", 1e-5));
  l.dtype = b.type(b.input(3)).dtype;
  LayerBuilder layer(b);
  l.qkv = layer.Pack(3, 10, 0, b.shape(b.input(3))[0], l.features);
  l.output = layer.Pack(4, 11, 0, l.features, l.heads * l.width);
  l.gate = layer.Pack(6, 12, 0, l.hidden, l.features);
  l.up = layer.Pack(6, 12, l.hidden, l.hidden, l.features);
  l.down = layer.Pack(7, 13, 0, l.features, l.hidden);
  l.src = layer.ReadRow(0);
  l.position = layer.ReadRow(1);
  l.norm1 = layer.ReadRow(2);
  l.norm2 = layer.ReadRow(5);
  l.keys = layer.ReadRow(8);
  l.values = layer.ReadRow(9);
  const int64_t macs = l.qkv.rows * l.features +
                       l.features * l.heads * l.width +
                       3 * l.hidden * l.features;
  l.threads = ThreadsFor(b.threads(), macs);
  l.dst = b.WritePlain(b.output(0));
  l.keys_out = b.WritePlain(b.output(1));
  l.values_out = b.WritePlain(b.output(2));
  b.MayOverwrite(l.keys_out, l.keys);
  b.MayOverwrite(l.values_out, l.values);
  l.shared = b.Scratch(4 * l.SharedFloats());
  l.own = b.Scratch(4 * l.threads * l.OwnFloats());
  b.AddStep(std::make_unique<DecoderLayerKernel>(l, a.Real("base", 10000)),
            std::move(layer.reads()),
            {l.dst, l.keys_out, l.values_out, l.shared, l.own});
  return absl::OkStatus();
}

absl::Status SupportsDecoderLayer(const Graph&, const Node&) {
  return absl::OkStatus();  // inference has checked the types
}

}  // namespace assay::cpu
