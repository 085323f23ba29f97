// Named constants of a node: strides, epsilon, axis.
#ifndef ASSAY_HARNESS_GRAPH_ATTRIBUTES_H_
#define ASSAY_HARNESS_GRAPH_ATTRIBUTES_H_

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

using AttributeValue =
    std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>>;

// A small sorted map. Getters with a default return it when the name is absent; a value of
// another type is a broken invariant (the verifier refuses it first) and aborts.
class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<std::pair<const std::string, AttributeValue>> values)
      : values_(values) {}

  bool Has(absl::string_view name) const;
  void Set(std::string name, AttributeValue value);
  void Erase(absl::string_view name);

  int64_t Int(absl::string_view name, int64_t preset) const;
  double Real(absl::string_view name, double preset) const;
  std::string Text(absl::string_view name, absl::string_view preset) const;
  std::vector<int64_t> Ints(absl::string_view name, std::vector<int64_t> preset) const;
  std::vector<double> Reals(absl::string_view name, std::vector<double> preset) const;

  const std::map<std::string, AttributeValue, std::less<>>& values() const { return values_; }
  bool operator==(const Attributes& other) const { return values_ == other.values_; }

  // "{axis=1, epsilon=1e-05, strides=[2,2]}"; reals print so that they read back to the bit.
  std::string ToString() const;

 private:
  std::map<std::string, AttributeValue, std::less<>> values_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_ATTRIBUTES_H_
