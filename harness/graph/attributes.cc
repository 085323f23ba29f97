#include "harness/graph/attributes.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {
namespace {

template <typename T>
const T* FindAs(
    const std::map<std::string, AttributeValue, std::less<>>& values,
    absl::string_view name) {
  const auto it = values.find(name);
  if (it == values.end()) return nullptr;
  const T* value = std::get_if<T>(&it->second);
  if (value == nullptr) {
    std::fprintf(stderr, "attribute '%.*s' has type %s\n",
                 static_cast<int>(name.size()), name.data(),
                 std::string(TypeName(it->second)).c_str());
    std::abort();
  }
  return value;
}

}  // namespace

absl::string_view TypeName(const AttributeValue& value) {
  static constexpr absl::string_view kNames[] = {"int", "real", "text", "ints",
                                                 "reals"};
  return kNames[value.index()];
}

std::string RealToString(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  std::string text(buffer, end);
  // A real never looks like an integer.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string AttributeToString(const AttributeValue& value) {
  struct Printer {
    std::string operator()(int64_t v) const { return absl::StrCat(v); }
    std::string operator()(double v) const { return RealToString(v); }
    std::string operator()(const std::string& v) const {
      return absl::StrCat("\"", absl::CHexEscape(v), "\"");
    }
    std::string operator()(const std::vector<int64_t>& v) const {
      return absl::StrCat("[", absl::StrJoin(v, ","), "]");
    }
    std::string operator()(const std::vector<double>& v) const {
      return absl::StrCat("[",
                          absl::StrJoin(v, ",",
                                        [](std::string* out, double x) {
                                          *out += RealToString(x);
                                        }),
                          "]");
    }
  };
  return std::visit(Printer(), value);
}

bool Attributes::Has(absl::string_view name) const {
  return values_.find(name) != values_.end();
}

void Attributes::Set(std::string name, AttributeValue value) {
  values_[std::move(name)] = std::move(value);
}

void Attributes::Erase(absl::string_view name) {
  const auto it = values_.find(name);
  if (it != values_.end()) values_.erase(it);
}

int64_t Attributes::Int(absl::string_view name, int64_t preset) const {
  const int64_t* value = FindAs<int64_t>(values_, name);
  return value == nullptr ? preset : *value;
}

double Attributes::Real(absl::string_view name, double preset) const {
  const double* value = FindAs<double>(values_, name);
  return value == nullptr ? preset : *value;
}

std::string Attributes::Text(absl::string_view name,
                             absl::string_view preset) const {
  const std::string* value = FindAs<std::string>(values_, name);
  return value == nullptr ? std::string(preset) : *value;
}

std::vector<int64_t> Attributes::Ints(absl::string_view name,
                                      std::vector<int64_t> preset) const {
  const auto* value = FindAs<std::vector<int64_t>>(values_, name);
  return value == nullptr ? std::move(preset) : *value;
}

std::vector<double> Attributes::Reals(absl::string_view name,
                                      std::vector<double> preset) const {
  const auto* value = FindAs<std::vector<double>>(values_, name);
  return value == nullptr ? std::move(preset) : *value;
}

std::string Attributes::ToString() const {
  return absl::StrCat("{",
                      absl::StrJoin(values_, ", ",
                                    [](std::string* out, const auto& item) {
                                      absl::StrAppend(
                                          out, item.first, "=",
                                          AttributeToString(item.second));
                                    }),
                      "}");
}

}  // namespace assay
