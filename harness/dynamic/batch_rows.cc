#include "harness/dynamic/batch_rows.h"

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

size_t RowBytes(const Tensor& tensor) {
  return tensor.dim(0) == 0
             ? 0
             : static_cast<size_t>(tensor.bytes() / tensor.dim(0));
}

}  // namespace

Tensor GatherRows(const Tensor& all, absl::Span<const int64_t> samples) {
  if (all.rank() == 0) return all;
  Shape shape = all.shape();
  shape[0] = static_cast<int64_t>(samples.size());
  Tensor rows(all.dtype(), shape);
  const size_t bytes = RowBytes(all);
  for (size_t i = 0; i < samples.size(); ++i) {
    std::memcpy(static_cast<char*>(rows.raw()) + i * bytes,
                static_cast<const char*>(all.raw()) +
                    static_cast<size_t>(samples[i]) * bytes,
                bytes);
  }
  return rows;
}

void ScatterRows(const Tensor& rows, absl::Span<const int64_t> samples,
                 Tensor* all) {
  const size_t bytes = RowBytes(*all);
  for (size_t i = 0; i < samples.size(); ++i) {
    std::memcpy(static_cast<char*>(all->raw()) +
                    static_cast<size_t>(samples[i]) * bytes,
                static_cast<const char*>(rows.raw()) + i * bytes, bytes);
  }
}

absl::StatusOr<int64_t> BatchOf(const std::map<std::string, Tensor>& tensors) {
  const std::string* first = nullptr;
  int64_t batch = 1;
  for (const auto& [name, tensor] : tensors) {
    if (tensor.rank() == 0) continue;
    if (first != nullptr && tensor.dim(0) != batch) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", name, "' has a batch of ", tensor.dim(0), ", '",
                       *first, "' one of ", batch));
    }
    first = &name;
    batch = tensor.dim(0);
  }
  return batch;
}

}  // namespace assay
