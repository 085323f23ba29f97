// Named constants of a node: strides, epsilon, axis.
#ifndef ASSAY_HARNESS_GRAPH_ATTRIBUTES_H_
#define ASSAY_HARNESS_GRAPH_ATTRIBUTES_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"

namespace assay {

using AttributeValue = std::variant<int64_t, double, std::string,
                                    std::vector<int64_t>, std::vector<double>>;

// "int", "real", "text", "ints" or "reals": the names that op schemas use.
absl::string_view TypeName(const AttributeValue& value);

// Shortest text that reads back to the same bits; always with '.', 'e', "inf"
// or "nan", so that a real never looks like an integer.
std::string RealToString(double value);

// 3, 0.5, "text" (escaped as in C), [1,2], [0.5,1.0].
std::string AttributeToString(const AttributeValue& value);

// A small sorted map. Getters with a default return it when the name is absent;
// a value of another type is a broken invariant (the verifier refuses it first)
// and aborts.
class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<std::pair<const std::string, AttributeValue>>
                 values)
      : values_(values) {}

  bool Has(absl::string_view name) const;
  void Set(std::string name, AttributeValue value);
  void Erase(absl::string_view name);

  int64_t Int(absl::string_view name, int64_t preset) const;
  double Real(absl::string_view name, double preset) const;
  std::string Text(absl::string_view name, absl::string_view preset) const;
  std::vector<int64_t> Ints(absl::string_view name,
                            std::vector<int64_t> preset) const;
  std::vector<double> Reals(absl::string_view name,
                            std::vector<double> preset) const;

  const std::map<std::string, AttributeValue, std::less<>>& values() const {
    return values_;
  }
  bool operator==(const Attributes& other) const {
    return values_ == other.values_;
  }

  // "{axis=1, epsilon=1e-05, strides=[2,2]}"; reals print so that they read
  // back to the bit.
  std::string ToString() const;

 private:
  std::map<std::string, AttributeValue, std::less<>> values_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_ATTRIBUTES_H_
