#include "datasets/options.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace assay {
namespace {

bool IsLegal(const OptionDoc& doc, const std::string& value) {
  if (!doc.choices.empty()) {
    return std::find(doc.choices.begin(), doc.choices.end(), value) !=
           doc.choices.end();
  }
  int64_t number;
  return absl::SimpleAtoi(value, &number) && number >= doc.low &&
         number <= doc.high;
}

std::string LegalValues(const OptionDoc& doc) {
  if (!doc.choices.empty()) return absl::StrJoin(doc.choices, ", ");
  return absl::StrCat("integers from ", doc.low, " to ", doc.high);
}

}  // namespace

absl::StatusOr<DatasetOptions> ResolveOptions(absl::string_view dataset,
                                              absl::Span<const OptionDoc> docs,
                                              const DatasetOptions& given) {
  DatasetOptions resolved;
  for (const OptionDoc& doc : docs) resolved[doc.name] = doc.fallback;
  for (const auto& [name, value] : given) {
    const auto doc = std::find_if(
        docs.begin(), docs.end(),
        [&name = name](const OptionDoc& d) { return d.name == name; });
    if (doc == docs.end()) {
      const std::string known =
          absl::StrJoin(resolved, ", ", [](std::string* out, const auto& o) {
            absl::StrAppend(out, o.first);
          });
      return absl::InvalidArgumentError(
          absl::StrCat(dataset, ": no option \"", name, "\"; ",
                       known.empty() ? "it has none" : "known: ", known));
    }
    if (!IsLegal(*doc, value)) {
      return absl::InvalidArgumentError(
          absl::StrCat(dataset, ": option ", name, "=\"", value,
                       "\"; expected ", LegalValues(*doc)));
    }
    resolved[name] = value;
  }
  return resolved;
}

absl::StatusOr<DatasetOptions> ParseOptions(absl::string_view text) {
  DatasetOptions options;
  if (text.empty()) return options;
  for (absl::string_view item : absl::StrSplit(text, ',')) {
    const std::pair<std::string, std::string> pair =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    if (pair.first.empty() || item.find('=') == absl::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("option \"", item, "\" is not name=value"));
    }
    if (!options.insert(pair).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("option \"", pair.first, "\" is given twice"));
    }
  }
  return options;
}

std::string OptionsText(const DatasetOptions& options) {
  return absl::StrJoin(options, ",", absl::PairFormatter("="));
}

int64_t IntOption(const DatasetOptions& resolved, const std::string& name) {
  int64_t number = 0;
  const bool ok = absl::SimpleAtoi(resolved.at(name), &number);
  assert(ok);
  static_cast<void>(ok);
  return number;
}

}  // namespace assay
