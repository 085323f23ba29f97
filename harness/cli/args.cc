#include "harness/cli/args.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace assay {
namespace {

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

absl::Status UnknownFlag(absl::Span<const FlagSpec> flags,
                         absl::string_view name) {
  std::vector<std::string> names;
  for (const FlagSpec& flag : flags) names.push_back(flag.name);
  const std::string nearest = Nearest(name, names);
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown flag --", name,
      nearest.empty() ? "" : absl::StrCat("; did you mean --", nearest, "?")));
}

std::string Usage(const FlagSpec& flag) {
  const absl::string_view value = flag.value;
  return absl::StrCat("--", flag.name, value.empty() ? "" : "=", value);
}

template <typename T>
absl::StatusOr<T> ParseNumber(absl::string_view name, const std::string& text,
                              bool (*parse)(absl::string_view, T*),
                              absl::string_view expected) {
  T value;
  if (parse(text, &value)) return value;
  return absl::InvalidArgumentError(
      absl::StrCat("--", name, " expects ", expected, ", got '", text, "'"));
}

}  // namespace

absl::StatusOr<Args> Args::Parse(absl::Span<const FlagSpec> flags,
                                 absl::Span<char* const> argv) {
  Args args;
  for (const FlagSpec& flag : flags) args.presets_[flag.name] = flag.preset;
  bool flags_ended = false;
  for (size_t i = 0; i < argv.size(); ++i) {
    absl::string_view word = argv[i];
    if (flags_ended || !absl::StartsWith(word, "--")) {
      args.positional_.emplace_back(word);
      continue;
    }
    if (word == "--") {
      flags_ended = true;
      continue;
    }
    word.remove_prefix(2);
    const size_t equals = word.find('=');
    const std::string name(word.substr(0, equals));
    const auto* flag =
        std::find_if(flags.begin(), flags.end(),
                     [&](const FlagSpec& f) { return name == f.name; });
    if (flag == flags.end()) return UnknownFlag(flags, name);
    const bool is_switch = flag->value[0] == '\0';
    std::string value;
    if (equals != absl::string_view::npos) {
      if (is_switch) {
        return absl::InvalidArgumentError(
            absl::StrCat("--", name, " is a switch and takes no value"));
      }
      value = std::string(word.substr(equals + 1));
    } else if (!is_switch) {
      if (i + 1 == argv.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat(Usage(*flag), " is missing its value"));
      }
      value = argv[++i];
    }
    std::vector<std::string>& given = args.given_[name];
    if (!given.empty() && !flag->repeated) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, " was given twice"));
    }
    given.push_back(std::move(value));
  }
  return args;
}

bool Args::Given(absl::string_view name) const {
  return given_.find(name) != given_.end();
}

std::string Args::Text(absl::string_view name) const {
  const auto given = given_.find(name);
  if (given != given_.end()) return given->second.back();
  const auto preset = presets_.find(name);
  return preset == presets_.end() ? "" : preset->second;
}

std::vector<std::string> Args::Texts(absl::string_view name) const {
  const auto given = given_.find(name);
  return given == given_.end() ? std::vector<std::string>() : given->second;
}

absl::StatusOr<int64_t> Args::Int(absl::string_view name) const {
  return ParseNumber<int64_t>(
      name, Text(name),
      [](absl::string_view s, int64_t* v) { return absl::SimpleAtoi(s, v); },
      "an integer");
}

absl::StatusOr<uint64_t> Args::Unsigned(absl::string_view name) const {
  return ParseNumber<uint64_t>(
      name, Text(name),
      [](absl::string_view s, uint64_t* v) { return absl::SimpleAtoi(s, v); },
      "an integer from 0 to 2^64-1");
}

absl::StatusOr<double> Args::Real(absl::string_view name) const {
  return ParseNumber<double>(
      name, Text(name),
      [](absl::string_view s, double* v) {
        return absl::SimpleAtod(s, v) && std::isfinite(*v);
      },
      "a number");
}

std::string FlagHelp(absl::Span<const FlagSpec> flags) {
  size_t width = 0;
  for (const FlagSpec& flag : flags) {
    width = std::max(width, Usage(flag).size());
  }
  std::string text;
  for (const FlagSpec& flag : flags) {
    absl::StrAppendFormat(&text, "  %-*s  %s", static_cast<int>(width),
                          Usage(flag), flag.help);
    if (flag.preset[0] != '\0') {
      absl::StrAppend(&text, " (default ", flag.preset, ")");
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

std::string Nearest(absl::string_view word,
                    absl::Span<const std::string> candidates) {
  std::string best;
  size_t best_distance = word.size() / 2 + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace assay
