// assay data: what data sets are there, and whether they are whole.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "datasets/data_files.h"
#include "datasets/fetch/fetch.h"
#include "datasets/registry.h"
#include "harness/cli/command.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/core/file.h"
#include "harness/core/progress.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"data_dir", "DIR", "", "folder of the data sets (else $ASSAY_DATA_DIR)"},
    {"mirror", "URL", "",
     "with fetch: a copy to take the files from, http:// or file://"},
    {"format", "text|json", "text", "how to print"},
};

// The data sets named behind the action, or all.
absl::StatusOr<std::vector<const DatasetInfo*>> Chosen(const Args& args) {
  std::vector<const DatasetInfo*> chosen;
  for (size_t i = 1; i < args.positional().size(); ++i) {
    auto info = FindDataset(args.positional()[i]);
    if (!info.ok()) return info.status();
    chosen.push_back(*info);
  }
  if (!chosen.empty()) return chosen;
  const auto all = DatasetInfos();
  return std::vector<const DatasetInfo*>(all.begin(), all.end());
}

std::string Presence(const DatasetInfo& info, const std::string& data_dir) {
  if (info.folder.empty()) return "embedded";
  if (data_dir.empty()) return "no data folder";
  size_t present = 0;
  for (const DataFile& file : info.files) {
    present += FileExists(PathOf(info, data_dir, file.path)) ? 1 : 0;
  }
  if (present == info.files.size()) return "present";
  if (present == 0) return "absent";
  return absl::StrCat(present, " of ", info.files.size(), " files");
}

int64_t BytesOf(const DatasetInfo& info) {
  int64_t bytes = 0;
  for (const DataFile& file : info.files) bytes += file.bytes;
  return bytes;
}

int Status(const std::vector<const DatasetInfo*>& chosen,
           const std::string& data_dir, Format format) {
  Table table({"name", "domain", "state", "size", "licence", "summary"});
  for (const DatasetInfo* info : chosen) {
    table.Add({info->name, std::string(Name(info->domain)),
               Presence(*info, data_dir),
               info->folder.empty() ? "-" : HumanBytes(BytesOf(*info)),
               info->licence, info->summary});
  }
  std::fputs(table.Render(format).c_str(), stdout);
  return kExitOk;
}

int Verify(const std::vector<const DatasetInfo*>& chosen,
           const std::string& data_dir, Format format) {
  Table table({"name", "file", "state", "detail"});
  bool damaged = false;
  for (const DatasetInfo* info : chosen) {
    for (const FileReport& file : CheckFiles(*info, data_dir)) {
      const bool whole = file.state == FileState::kVerified;
      const bool absent = file.state == FileState::kAbsent;
      damaged |= !whole;
      table.Add({info->name, file.path,
                 whole ? "verified" : (absent ? "absent" : "damaged"),
                 whole ? "" : std::string(file.status.message())});
    }
  }
  std::fputs(table.Render(format).c_str(), stdout);
  return damaged ? kExitFinding : kExitOk;
}

int Fetch(const std::vector<const DatasetInfo*>& chosen,
          const std::string& data_dir, const std::string& mirror) {
  int code = kExitOk;
  for (const DatasetInfo* info : chosen) {
    if (info->folder.empty()) continue;
    const absl::Status fetched = FetchDataset(*info, data_dir, mirror);
    if (fetched.ok()) {
      absl::FPrintF(stderr, "%s: verified\n", info->name);
      continue;
    }
    absl::FPrintF(stderr, "%s: %s\n", info->name, fetched.message());
    code = kExitError;
  }
  return code;
}

int Run(const Args& args) {
  const std::string action =
      args.positional().empty() ? "status" : args.positional()[0];
  auto format = ParseFormat(args.Text("format"));
  if (!format.ok()) return Complain("data", format.status());
  auto chosen = Chosen(args);
  if (!chosen.ok()) return Complain("data", chosen.status());
  const std::string data_dir = DataFolder(args.Text("data_dir"));
  if (action == "status") return Status(*chosen, data_dir, *format);
  if (data_dir.empty()) {
    return Complain("data", absl::InvalidArgumentError(
                                "no data folder: give --data_dir or set "
                                "ASSAY_DATA_DIR"));
  }
  if (action == "verify") return Verify(*chosen, data_dir, *format);
  if (action == "fetch") return Fetch(*chosen, data_dir, args.Text("mirror"));
  return Complain("data", absl::InvalidArgumentError(absl::StrCat(
                              "unknown action '", action,
                              "'; there are status, verify and fetch")));
}

}  // namespace

extern const Command kDataCommand = {
    "data",
    "data [status|verify|fetch] [DATASET...] [flags]",
    "what data sets are there; verify or fetch their files",
    "status   which data sets are present (the default)\n"
    "verify   hashes every file against its published SHA-256\n"
    "fetch    gets the files from where their authors publish them, resumes\n"
    "         what was broken off, and verifies what came\n\n"
    "Without names: all data sets. Embedded ones need no files.",
    kFlags,
    Run,
    /*place=*/170,
};

}  // namespace assay
