#include "plugins/nas_baselines/space.h"

#include <utility>

namespace assay::nas_baselines {

Space::Space(std::vector<Variable> variables)
    : variables_(std::move(variables)) {
  for (size_t i = 0; i < variables_.size(); ++i) {
    if (variables_[i].values.size() > 1) free_.push_back(i);
  }
}

bool Space::Present(const Choice& x, size_t variable) const {
  const Variable& v = variables_[variable];
  if (v.depends_on < 0) return true;
  const auto on = static_cast<size_t>(v.depends_on);
  return Present(x, on) && ValueOf(x, on) >= v.least;
}

Choice Space::Canonical(Choice x) const {
  for (size_t i = 0; i < x.size(); ++i) {
    if (!Present(x, i)) x[i] = 0;
  }
  return x;
}

Choice Space::Smallest() const { return Choice(variables_.size(), 0); }

Choice Space::Largest() const {
  Choice x;
  for (const Variable& v : variables_) x.push_back(v.values.size() - 1);
  return x;
}

Choice Space::Draw(const Below& below) const {
  Choice x;
  for (const Variable& v : variables_) x.push_back(below(v.values.size()));
  return x;
}

Choice Space::Mutate(Choice x, const Below& below) const {
  if (free_.empty()) return x;
  const size_t i = free_[below(free_.size())];
  const size_t other = below(variables_[i].values.size() - 1);
  x[i] = other < x[i] ? other : other + 1;
  return x;
}

std::string Space::Key(const Choice& x) const {
  std::string key;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!Present(x, i)) continue;
    if (!key.empty()) key += ' ';
    key += variables_[i].name + '=' + std::to_string(ValueOf(x, i));
  }
  return key;
}

}  // namespace assay::nas_baselines
