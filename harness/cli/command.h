// A subcommand of `assay`.
#ifndef ASSAY_HARNESS_CLI_COMMAND_H_
#define ASSAY_HARNESS_CLI_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/cli/args.h"

namespace assay {

// What the program ends with. Programs may rely on these.
enum ExitCode {
  kExitOk = 0,
  kExitFinding = 1,  // it worked, and the answer is bad: a regression, a run
                     // that did not end OK, a file that fails verification
  kExitUsage = 2,    // the command line makes no sense
  kExitError = 3,    // it could not be done: a missing file, no memory, ...
  kExitInterrupted = 130,  // Ctrl-C; what is written is whole
};

struct Command {
  const char* name;      // "run"
  const char* synopsis;  // "run SUITE | --method=M --task=T [flags]"
  const char* summary;   // one line for the overview
  const char* details;   // paragraphs for `assay help run`
  absl::Span<const FlagSpec> flags;
  int (*run)(const Args& args);
  int place;  // in the overview: the smallest first, then by name
};

// A file cmd_x.cc defines one, `extern const Command kXCommand = {...}`:
// commands.bzl makes the list of them from the names of the files, in no order.
absl::Span<const Command* const> CommandList();

// The same, in the order of the overview.
absl::Span<const Command* const> Commands();

// Parses argv behind the program's name and runs the command; errors and help
// go where they should. `assay help [COMMAND]`, --help and -h are understood.
int RunCommandLine(absl::Span<char* const> argv);

// Prints "assay COMMAND: message" on standard error and returns the exit code
// of the status: kExitUsage for INVALID_ARGUMENT, else kExitError.
int Complain(absl::string_view command, const absl::Status& status);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_COMMAND_H_
