#include "harness/graph/parameter_store.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace assay {

void ParameterStore::Set(std::string name, Tensor value) {
  values_[std::move(name)] = std::move(value);
}

bool ParameterStore::Has(absl::string_view name) const {
  return Find(name) != nullptr;
}

absl::StatusOr<Tensor> ParameterStore::Get(absl::string_view name) const {
  const Tensor* value = Find(name);
  if (value == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("no parameter '", name, "' among ", size()));
  }
  return *value;
}

Tensor* ParameterStore::Find(absl::string_view name) {
  const auto it = values_.find(name);
  return it == values_.end() ? nullptr : &it->second;
}

const Tensor* ParameterStore::Find(absl::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? nullptr : &it->second;
}

void ParameterStore::Erase(absl::string_view name) {
  const auto it = values_.find(name);
  if (it != values_.end()) values_.erase(it);
}

std::vector<std::string> ParameterStore::Names() const {
  std::vector<std::string> names;
  names.reserve(values_.size());
  for (const auto& [name, value] : values_) names.push_back(name);
  return names;
}

int64_t ParameterStore::bytes() const {
  int64_t total = 0;
  for (const auto& [name, value] : values_) total += value.bytes();
  return total;
}

ParameterStore ParameterStore::Clone() const {
  ParameterStore copy;
  for (const auto& [name, value] : values_) copy.Set(name, value.Clone());
  return copy;
}

}  // namespace assay
