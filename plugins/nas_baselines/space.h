// A space of architectures: integer variables by name. Pure and host-free.
#ifndef ASSAY_PLUGINS_NAS_BASELINES_SPACE_H_
#define ASSAY_PLUGINS_NAS_BASELINES_SPACE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace assay::nas_baselines {

// One variable: x_i picks values[x_i], 0 <= x_i < values.size().
struct Variable {
  std::string name;
  std::vector<int64_t> values;
  // Absent, hence without effect, where variable `depends_on` (an earlier one)
  // has a value below `least`; negative: never absent.
  int depends_on = -1;
  int64_t least = 0;
};

using Choice = std::vector<size_t>;                 // x
using Below = std::function<uint64_t(uint64_t n)>;  // uniform in [0, n)

class Space {
 public:
  // Every variable has at least one value.
  explicit Space(std::vector<Variable> variables);

  const std::vector<Variable>& variables() const { return variables_; }
  int64_t ValueOf(const Choice& x, size_t variable) const {
    return variables_[variable].values[x[variable]];
  }

  // Absent variables set to 0: two choices that mean the same network become
  // equal.
  Choice Canonical(Choice x) const;
  Choice Smallest() const;  // 0 everywhere
  Choice Largest() const;   // the last value everywhere

  // Each variable uniform; not canonical.
  Choice Draw(const Below& below) const;
  // One variable, picked uniformly among those with two values or more, takes a
  // different value, uniformly; not canonical. A space of one point gives x.
  Choice Mutate(Choice x, const Below& below) const;

  // "stem.width=8 stage1.depth=1 ..." without absent variables; equal for equal
  // canonical choices only.
  std::string Key(const Choice& x) const;

 private:
  bool Present(const Choice& x, size_t variable) const;

  std::vector<Variable> variables_;
  std::vector<size_t> free_;  // variables with two values or more
};

}  // namespace assay::nas_baselines

#endif  // ASSAY_PLUGINS_NAS_BASELINES_SPACE_H_
