// Command-line arguments of one subcommand: declared once, for parsing and
// help.
#ifndef ASSAY_HARNESS_CLI_ARGS_H_
#define ASSAY_HARNESS_CLI_ARGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

struct FlagSpec {
  const char* name;    // "seed", used as --seed=7 or --seed 7
  const char* value;   // "N" in help; "" for a switch (--fresh)
  const char* preset;  // text of the default; "" for none
  const char* help;    // one line
  bool repeated =
      false;  // may be given several times (--param a=1 --param b=2)
};

// Parsed arguments. `--` ends the flags.
class Args {
 public:
  // INVALID_ARGUMENT: an unknown flag (with the nearest known one), a missing
  // value, or a flag given twice that is not `repeated`.
  static absl::StatusOr<Args> Parse(absl::Span<const FlagSpec> flags,
                                    absl::Span<char* const> argv);

  const std::vector<std::string>& positional() const { return positional_; }
  bool Given(absl::string_view name) const;
  // The value given, else the preset.
  std::string Text(absl::string_view name) const;
  std::vector<std::string> Texts(absl::string_view name) const;
  bool Switch(absl::string_view name) const { return Given(name); }
  // INVALID_ARGUMENT names the flag and what was expected.
  absl::StatusOr<int64_t> Int(absl::string_view name) const;
  absl::StatusOr<uint64_t> Unsigned(absl::string_view name) const;
  absl::StatusOr<double> Real(absl::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> presets_;
  std::map<std::string, std::vector<std::string>, std::less<>> given_;
  std::vector<std::string> positional_;
};

// The flags as aligned lines for a help page.
std::string FlagHelp(absl::Span<const FlagSpec> flags);

// The candidate with the smallest edit distance to `word`, or "" when none is
// closer than half its length.
std::string Nearest(absl::string_view word,
                    absl::Span<const std::string> candidates);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_ARGS_H_
