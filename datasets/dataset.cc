#include "datasets/dataset.h"

#include <cassert>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

// Makes *t a tensor of this type and shape, keeping memory that fits.
void Fit(DType dtype, int64_t count, const Shape& rest, Tensor* t) {
  Shape shape = {count};
  shape.insert(shape.end(), rest.begin(), rest.end());
  if (t->dtype() != dtype || t->shape() != shape) {
    *t = Tensor(dtype, std::move(shape));
  }
}

}  // namespace

absl::string_view Name(Split split) {
  constexpr absl::string_view kNames[] = {"train", "validation", "test"};
  return kNames[static_cast<size_t>(split)];
}

absl::string_view Name(Domain domain) {
  constexpr absl::string_view kNames[] = {"vision", "speech", "language"};
  return kNames[static_cast<size_t>(domain)];
}

absl::string_view Name(Form form) {
  constexpr absl::string_view kNames[] = {"image", "audio", "text", "stream"};
  return kNames[static_cast<size_t>(form)];
}

void Dataset::Relabel(absl::Span<const int32_t> order) {
  assert(spec_.label_shape.empty());
  assert(static_cast<int64_t>(order.size()) == spec_.classes);
  if (names_.empty()) {
    names_.assign(order.begin(), order.end());
  } else {
    for (int32_t& name : names_) name = order[static_cast<size_t>(name)];
  }
  const std::vector<std::string> before = spec_.class_names;
  for (size_t c = 0; c < before.size(); ++c) {
    spec_.class_names[static_cast<size_t>(order[c])] = before[c];
  }
}

absl::Status Dataset::Batch(Split split, absl::Span<const int64_t> indices,
                            Tensor* features, Tensor* labels) const {
  const int64_t limit = size(split);
  for (int64_t index : indices) {
    if (index < 0 || index >= limit) {
      return absl::OutOfRangeError(absl::StrCat(spec_.name, ": sample ", index,
                                                " of split ", Name(split),
                                                ", which has ", limit));
    }
  }
  const int64_t count = static_cast<int64_t>(indices.size());
  Fit(spec_.dtype, count, spec_.sample_shape, features);
  Fit(DType::kS32, count, spec_.label_shape, labels);
  const int64_t step = ElementCount(spec_.sample_shape) * SizeOf(spec_.dtype);
  const int64_t label_step = ElementCount(spec_.label_shape);
  char* feature = static_cast<char*>(features->raw());
  int32_t* label = labels->data<int32_t>();
  for (int64_t index : indices) {
    Sample(split, index, feature, label);
    if (!names_.empty()) *label = names_[static_cast<size_t>(*label)];
    feature += step;
    label += label_step;
  }
  return absl::OkStatus();
}

Tensor TokenLengths(const Tensor& tokens) {
  const int64_t rows = tokens.dim(0), columns = tokens.dim(1);
  Tensor lengths(DType::kS32, {rows});
  for (int64_t r = 0; r < rows; ++r) {
    const int32_t* row = tokens.data<int32_t>() + r * columns;
    int64_t n = columns;
    while (n > 0 && row[n - 1] == 0) --n;
    lengths.data<int32_t>()[r] = static_cast<int32_t>(n);
  }
  return lengths;
}

}  // namespace assay
