#include "harness/cli/command.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace assay {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 done; 1 done, and the answer is bad (a regression, a run "
    "that\nfailed, a file that does not verify); 2 the command line makes no "
    "sense;\n3 it could not be done; 130 interrupted.\n";

void PrintOverview(std::FILE* out) {
  std::fputs(
      "assay: a reproducible benchmark harness for network compression\n\n"
      "Commands\n",
      out);
  for (const Command* command : Commands()) {
    absl::FPrintF(out, "  %-9s%s\n", command->name, command->summary);
  }
  std::fputs(
      "  help     `assay help COMMAND` explains a command and its flags\n\n"
      "To begin: assay run quick\n\n",
      out);
  std::fputs(kExitCodes, out);
}

void PrintHelp(const Command& command) {
  absl::PrintF("assay %s\n\n%s\n", command.synopsis, command.details);
  if (!command.flags.empty()) {
    absl::PrintF("\nFlags\n%s", FlagHelp(command.flags));
  }
  absl::PrintF("\n%s", kExitCodes);
}

const Command* FindCommand(absl::string_view name) {
  for (const Command* command : Commands()) {
    if (name == command->name) return command;
  }
  return nullptr;
}

int UnknownCommand(absl::string_view name) {
  std::vector<std::string> names = {"help"};
  for (const Command* command : Commands()) names.push_back(command->name);
  const std::string nearest = Nearest(name, names);
  absl::FPrintF(stderr, "assay: unknown command '%s'%s\n\n", name,
                nearest.empty()
                    ? std::string()
                    : absl::StrCat("; did you mean ", nearest, "?"));
  PrintOverview(stderr);
  return kExitUsage;
}

bool AsksForHelp(absl::Span<char* const> argv) {
  for (const absl::string_view word : argv) {
    if (word == "--") return false;
    if (word == "--help" || word == "-h") return true;
  }
  return false;
}

}  // namespace

absl::Span<const Command* const> Commands() {
  static const auto* const sorted = [] {
    auto* list = new std::vector<const Command*>(CommandList().begin(),
                                                 CommandList().end());
    std::sort(list->begin(), list->end(),
              [](const Command* a, const Command* b) {
                return std::make_pair(a->place, absl::string_view(a->name)) <
                       std::make_pair(b->place, absl::string_view(b->name));
              });
    return list;
  }();
  return *sorted;
}

int RunCommandLine(absl::Span<char* const> argv) {
  if (argv.empty()) {
    PrintOverview(stderr);
    return kExitUsage;
  }
  const absl::string_view name = argv[0];
  if (name == "--help" || name == "-h" || name == "help") {
    if (name != "help" || argv.size() == 1 || argv[1] == name) {
      PrintOverview(stdout);
      return kExitOk;
    }
    const Command* command = FindCommand(argv[1]);
    if (command == nullptr) return UnknownCommand(argv[1]);
    PrintHelp(*command);
    return kExitOk;
  }
  const Command* command = FindCommand(name);
  if (command == nullptr) return UnknownCommand(name);
  argv.remove_prefix(1);
  if (AsksForHelp(argv)) {
    PrintHelp(*command);
    return kExitOk;
  }
  auto args = Args::Parse(command->flags, argv);
  if (!args.ok()) {
    const int code = Complain(name, args.status());
    absl::FPrintF(stderr, "usage: assay %s\n", command->synopsis);
    return code;
  }
  return command->run(*args);
}

int Complain(absl::string_view command, const absl::Status& status) {
  absl::FPrintF(stderr, "assay %s: %s\n", command, status.message());
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitError;
}

}  // namespace assay
