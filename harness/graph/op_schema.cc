#include "harness/graph/op_schema.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace assay {

void OpSet::Add(OpSchema schema) {
  std::string name = schema.name;
  if (!schemas_.emplace(name, std::move(schema)).second) {
    std::fprintf(stderr, "op '%s' is listed twice\n", name.c_str());
    std::abort();
  }
}

const OpSchema* OpSet::Find(absl::string_view name) const {
  const auto it = schemas_.find(name);
  return it == schemas_.end() ? nullptr : &it->second;
}

std::vector<std::string> OpSet::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, schema] : schemas_) names.push_back(name);
  return names;
}

}  // namespace assay
