#include "absl/types/span.h"
#include "harness/host/services/service_host.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

assay_status* OpenStream(assay_host* host, assay_text name,
                         assay_random** out) {
  return Serve(host, "random.stream", [&]() -> absl::Status {
    if (name.size == 0) {
      return absl::InvalidArgumentError("random.stream: the name is empty");
    }
    *out = host->Stream(View(name));
    return absl::OkStatus();
  });
}

uint64_t Bits(assay_random* s) { return s->stream.NextU64(); }

uint64_t Below(assay_random* s, uint64_t n) {
  return n == 0 ? 0 : s->stream.Below(n);
}

double Uniform(assay_random* s) { return s->stream.UniformDouble(); }

void FillUniform(assay_random* s, float low, float high, float* out,
                 uint64_t count) {
  s->stream.FillUniform(absl::MakeSpan(out, count), low, high);
}

void FillNormal(assay_random* s, float mean, float stddev, float* out,
                uint64_t count) {
  s->stream.FillNormal(absl::MakeSpan(out, count), mean, stddev);
}

void Permutation(assay_random* s, int64_t* out, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) out[i] = static_cast<int64_t>(i);
  s->stream.Shuffle(absl::MakeSpan(out, count));
}

uint64_t Position(const assay_random* s) { return s->stream.position(); }

void Seek(assay_random* s, uint64_t position) { s->stream.Seek(position); }

}  // namespace

const assay_random_table* RandomTable() {
  static constexpr assay_random_table kTable = {ASSAY_SIZE(assay_random_table),
                                                1,
                                                &OpenStream,
                                                &Bits,
                                                &Below,
                                                &Uniform,
                                                &FillUniform,
                                                &FillNormal,
                                                &Permutation,
                                                &Position,
                                                &Seek};
  return &kTable;
}

}  // namespace assay
