// Options of data sets: names and values as text, read once and strictly.
#ifndef ASSAY_DATASETS_OPTIONS_H_
#define ASSAY_DATASETS_OPTIONS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

using DatasetOptions = std::map<std::string, std::string>;

// One option as its data set documents it.
struct OptionDoc {
  std::string name;
  std::string fallback;              // value when the option is absent
  std::string meaning;               // a line for people
  std::vector<std::string> choices;  // legal values; empty: see low and high
  int64_t low = 0, high = 0;         // legal integers, when choices is empty
};

// Every documented option with its value, defaults filled in. INVALID_ARGUMENT
// names an option that is not documented or a value that is not legal, and
// lists what is.
absl::StatusOr<DatasetOptions> ResolveOptions(absl::string_view dataset,
                                              absl::Span<const OptionDoc> docs,
                                              const DatasetOptions& given);

// "front_end=mfcc,window=128" to options. INVALID_ARGUMENT: not name=value, or
// a name twice. Empty text has no options.
absl::StatusOr<DatasetOptions> ParseOptions(absl::string_view text);
std::string OptionsText(const DatasetOptions& options);

// The value of an integer option that ResolveOptions() returned.
int64_t IntOption(const DatasetOptions& resolved, const std::string& name);

}  // namespace assay

#endif  // ASSAY_DATASETS_OPTIONS_H_
