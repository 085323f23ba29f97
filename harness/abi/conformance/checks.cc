#include "harness/abi/conformance/checks.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/abi/conformance/image.h"
#include "harness/abi/conformance/isolate.h"
#include "harness/abi/conformance/trial.h"
#include "harness/core/file.h"
#include "harness/host/services/convert.h"
#include "harness/host/services/tables.h"

namespace assay::conformance {
namespace {

using SettingsMap = std::map<std::string, std::string>;
constexpr int kTimeoutSeconds = 60;

std::string Words(const absl::Status& status) {
  return status.ok() ? "" : std::string(status.ToString());
}

// --- L0: the image.

std::string OneExport(const std::string& path, const SettingsMap&) {
  const auto bytes = ReadFile(path);
  if (!bytes.ok()) return Words(bytes.status());
  const auto facts = ReadImage(*bytes);
  if (!facts.ok()) return Words(facts.status());
  if (facts->exports == std::vector<std::string>{ASSAY_ENTRY}) return "";
  return absl::StrCat("expected the one export " ASSAY_ENTRY ", got ",
                      facts->exports.size(), ": ",
                      absl::StrJoin(facts->exports, ", "));
}

std::string NoTextRelocations(const std::string& path, const SettingsMap&) {
  const auto bytes = ReadFile(path);
  if (!bytes.ok()) return Words(bytes.status());
  const auto facts = ReadImage(*bytes);
  if (!facts.ok()) return Words(facts.status());
  return facts->text_relocations ? "has text relocations; compile with -fPIC"
                                 : "";
}

int64_t CountEntries(const char* folder) {
  int64_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    (void)entry;
    ++count;
  }
  return count;
}

// Standard output and error go to a file that is looked at afterwards.
std::string OpensQuietly(const std::string& path, const SettingsMap&) {
  std::FILE* caught = std::tmpfile();
  if (caught == nullptr) return "no temporary file";
  dup2(fileno(caught), STDOUT_FILENO);
  dup2(fileno(caught), STDERR_FILENO);
  const int64_t threads = CountEntries("/proc/self/task");
  const int64_t files = CountEntries("/proc/self/fd");
  const auto module = OpenModule(path);
  if (!module.ok()) return Words(module.status());
  for (uint32_t i = 0; i < (*module)->count(); ++i) {
    (*module)->table().card(i);
  }
  std::fflush(nullptr);
  if (CountEntries("/proc/self/task") != threads) {
    return "started a thread at open";
  }
  if (CountEntries("/proc/self/fd") != files) return "left a file open at open";
  if (lseek(fileno(caught), 0, SEEK_END) != 0) {
    return "printed at open; log through assay.log";
  }
  return "";
}

// --- L1: negotiation.

int32_t OpenRaw(const std::string& path, uint32_t low, uint32_t high,
                assay_answer* answer, std::string* wrong) {
  void* library =
      dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library == nullptr ? nullptr : dlsym(library, ASSAY_ENTRY);
  if (symbol == nullptr) {
    *wrong = "cannot be loaded, or has no entry";
    return -1;
  }
  assay_module_open_fn entry;
  std::memcpy(&entry, &symbol, sizeof(entry));
  static RecordingSink* const sink = new RecordingSink;
  static assay_host* const host = new assay_host(sink);
  const assay_offer offer = {ASSAY_SIZE(assay_offer), low, high, 0, host,
                             &assay_host::Find};
  *answer = {};
  answer->size = ASSAY_SIZE(assay_answer);
  return entry(&offer, answer);
}

std::string Refuses(const std::string& path, uint32_t low, uint32_t high) {
  assay_answer answer;
  std::string wrong;
  const int32_t result = OpenRaw(path, low, high, &answer, &wrong);
  if (!wrong.empty()) return wrong;
  if (result != ASSAY_NO_COMMON_REVISION) {
    return absl::StrCat("offered revisions ", low, " to ", high,
                        ": expected the answer 1, got ", result);
  }
  if (answer.why[0] == '\0' ||
      memchr(answer.why, 0, sizeof(answer.why)) == nullptr) {
    return "refuses without words: `why` is empty or not terminated";
  }
  return "";
}

std::string RefusesOlderHosts(const std::string& path, const SettingsMap&) {
  return Refuses(path, 0, 0);
}
std::string RefusesNewerHosts(const std::string& path, const SettingsMap&) {
  return Refuses(path, 1000, 1001);
}

std::string PicksFromARange(const std::string& path, const SettingsMap&) {
  assay_answer answer;
  std::string wrong;
  const int32_t result = OpenRaw(path, 0, 1000, &answer, &wrong);
  if (!wrong.empty()) return wrong;
  if (result != ASSAY_OPENED || answer.module == nullptr ||
      answer.revision < 1 || answer.revision > 1000) {
    return absl::StrCat("offered revisions 0 to 1000: answered ", result,
                        " with revision ", answer.revision);
  }
  return "";
}

std::string OpensTwice(const std::string& path, const SettingsMap&) {
  assay_answer first, second;
  std::string wrong;
  if (OpenRaw(path, 1, 1, &first, &wrong) != ASSAY_OPENED ||
      OpenRaw(path, 1, 1, &second, &wrong) != ASSAY_OPENED) {
    return "does not open twice " + wrong;
  }
  if (first.module != second.module) return "two opens give two tables";
  first.module->close();
  if (second.module->count() == 0) return "has no method after one close";
  second.module->close();
  return "";
}

// --- L1: methods.

// Calls `check` for every method of the module, with its index.
std::string ForEachMethod(
    const std::string& path,
    const std::function<std::string(const Module&, uint32_t)>& check) {
  const auto module = OpenModule(path);
  if (!module.ok()) return Words(module.status());
  if ((*module)->count() == 0) return "has no method";
  for (uint32_t i = 0; i < (*module)->count(); ++i) {
    const assay_card* card = (*module)->table().card(i);
    const absl::Status sound = CheckCard(card);
    if (!sound.ok()) {
      return absl::StrCat("card ", i, ": ", sound.message());
    }
    const std::string wrong = check(**module, i);
    if (!wrong.empty()) return absl::StrCat(View(card->id), ": ", wrong);
  }
  return "";
}

std::string CardsAreSound(const std::string& path, const SettingsMap&) {
  return ForEachMethod(path, [](const Module& module, uint32_t) {
    return module.table().card(module.count()) == nullptr
               ? std::string()
               : std::string("a card past the end is not null");
  });
}

std::string MatchesBeforeMake(const std::string& path, const SettingsMap& s) {
  return ForEachMethod(path, [&](const Module& module, uint32_t i) {
    Trial trial(module, i, s);
    assay_task_info task{};
    task.size = ASSAY_SIZE(assay_task_info);
    TaskTable()->info(trial.tiny().host(), &task);
    assay_site site{};
    site.size = ASSAY_SIZE(assay_site);
    site.threads = 1;
    constexpr absl::string_view kBackend = "reference";
    site.backend = Lend(kBackend);
    site.memory_bytes = uint64_t{1} << 30;
    site.task = &task;
    const auto fit =
        MethodInstance::Match(module, i, trial.tiny().host(), site);
    if (!fit.ok()) return Words(fit.status());
    if (fit->score > 100) {
      return absl::StrCat("expected a fit of 0 to 100, got ", fit->score);
    }
    return std::string();
  });
}

std::string MakesAndDrops(const std::string& path, const SettingsMap& s) {
  return ForEachMethod(path, [&](const Module& module, uint32_t i) {
    Trial trial(module, i, s);
    absl::Status status = trial.Make();
    trial.Drop();
    if (status.ok()) status = trial.Make();
    return Words(status);
  });
}

std::string RunOnce(Trial& trial) {
  absl::Status status = trial.Make();
  if (status.ok()) status = trial.Plan();
  if (status.ok()) status = trial.Run();
  trial.Drop();
  return Words(status);
}

std::string RunsAndMeetsBudgets(const std::string& path, const SettingsMap& s) {
  return ForEachMethod(path, [&](const Module& module, uint32_t i) {
    Trial trial(module, i, s);
    const std::string wrong = RunOnce(trial);
    return wrong.empty() ? trial.WrongWithCandidates() : wrong;
  });
}

std::string KeepsTheRules(const std::string& path, const SettingsMap& s) {
  return ForEachMethod(path, [&](const Module& module, uint32_t i) {
    Trial trial(module, i, s);
    const std::string wrong = RunOnce(trial);
    if (!wrong.empty()) return wrong;
    if (!trial.tiny().sink().misbehaviours.empty()) {
      return absl::StrCat(
          "broke rules: ",
          absl::StrJoin(trial.tiny().sink().misbehaviours, "; "));
    }
    const int64_t kept = trial.tiny().host()->handles().given();
    return kept == 0 ? std::string()
                     : absl::StrCat("dropped without freeing ", kept,
                                    " handles of the host");
  });
}

bool SameCandidates(RecordingSink& a, RecordingSink& b) {
  if (a.candidates.size() != b.candidates.size()) return false;
  for (const auto& [budget, candidate] : a.candidates) {
    const auto other = b.candidates.find(budget);
    if (other == b.candidates.end()) return false;
    const auto& x = candidate.parameters.values();
    const auto& y = other->second.parameters.values();
    if (x.size() != y.size()) return false;
    for (auto i = x.begin(), j = y.begin(); i != x.end(); ++i, ++j) {
      if (i->first != j->first || !BitEqual(i->second, j->second)) {
        return false;
      }
    }
  }
  return true;
}

// Two instances, each step of one between two of the other.
std::string InstancesAreIndependent(const std::string& path,
                                    const SettingsMap& s) {
  return ForEachMethod(path, [&](const Module& module, uint32_t i) {
    Trial a(module, i, s), b(module, i, s);
    absl::Status status = a.Make();
    if (status.ok()) status = b.Make();
    if (status.ok()) status = a.Plan();
    if (status.ok()) status = b.Plan();
    if (status.ok()) status = b.Run();
    if (status.ok()) status = a.Run();
    a.Drop();
    b.Drop();
    if (!status.ok()) return Words(status);
    const bool bitwise =
        module.table().card(i)->determinism >= ASSAY_BITWISE_MACHINE;
    if (bitwise && !SameCandidates(a.tiny().sink(), b.tiny().sink())) {
      return std::string(
          "claims the same bits for the same seed, but two runs differ");
    }
    return std::string();
  });
}

std::string StopsWhenAsked(const std::string& path, const SettingsMap& s) {
  return ForEachMethod(path, [&](const Module& module, uint32_t i) {
    for (int32_t wish : {ASSAY_STOP_SOON, ASSAY_STOP_NOW}) {
      Trial trial(module, i, s);
      trial.tiny().set_stop(wish);
      absl::Status status = trial.Make();
      if (status.ok()) status = trial.Plan();
      if (!status.ok()) return Words(status);
      const auto began = std::chrono::steady_clock::now();
      status = trial.Run();
      const auto took = std::chrono::steady_clock::now() - began;
      if (!status.ok() && !absl::IsCancelled(status)) {
        return absl::StrCat("asked to stop, ended with ", status.ToString());
      }
      if (took > std::chrono::seconds(5)) {
        return std::string("asked to stop, went on for more than 5 s");
      }
    }
    return std::string();
  });
}

std::string FindsNothingUnknown(const std::string& path, const SettingsMap& s) {
  return ForEachMethod(path, [&](const Module& module, uint32_t i) {
    Trial trial(module, i, s);
    const auto settings = Settings::Resolve(*module.table().card(i), {});
    if (!settings.ok()) return Words(settings.status());
    trial.tiny().host()->Enter(MethodState::kMaking);
    assay_method* method = nullptr;
    const absl::Status made = Take(module.table().make(
        i, trial.tiny().host(), settings->config(), &method));
    if (!made.ok()) return Words(made);
    constexpr absl::string_view kUnknown = "no.such.table/1";
    const bool found = module.table().find(method, Lend(kUnknown)) != nullptr;
    module.table().drop(method);
    return found ? std::string("answers an unknown table id") : std::string();
  });
}

// A host without one table, or with one that ends behind its header, for every
// table but assay.status: any status will do, a crash will not.
std::string SurvivesPoorHosts(const std::string& path, const SettingsMap& s) {
  for (const std::string& id : TableIds()) {
    if (id == ASSAY_STATUS_ID) continue;
    for (uint32_t size : {uint32_t{0}, uint32_t{8}}) {
      SetPoverty({id, size});
      const std::string wrong =
          ForEachMethod(path, [&](const Module& module, uint32_t i) {
            Trial trial(module, i, s);
            if (trial.Make().ok() && trial.Plan().ok()) {
              (void)trial.Run();
            }
            return std::string();
          });
      if (!wrong.empty()) return absl::StrCat("without ", id, ": ", wrong);
    }
  }
  return "";
}

}  // namespace

const std::vector<Check>& Checks() {
  static const auto* const checks = new std::vector<Check>{
      {"L0.one_export", &OneExport},
      {"L0.no_text_relocations", &NoTextRelocations},
      {"L0.opens_quietly", &OpensQuietly},
      {"L1.refuses_older_hosts", &RefusesOlderHosts},
      {"L1.refuses_newer_hosts", &RefusesNewerHosts},
      {"L1.picks_from_a_range", &PicksFromARange},
      {"L1.opens_twice", &OpensTwice},
      {"L1.cards_are_sound", &CardsAreSound},
      {"L1.matches_before_make", &MatchesBeforeMake},
      {"L1.makes_and_drops", &MakesAndDrops},
      {"L1.finds_nothing_unknown", &FindsNothingUnknown},
      {"L1.runs_and_meets_budgets", &RunsAndMeetsBudgets},
      {"L1.keeps_the_rules", &KeepsTheRules},
      {"L1.instances_are_independent", &InstancesAreIndependent},
      {"L1.stops_when_asked", &StopsWhenAsked},
      {"L1.survives_poor_hosts", &SurvivesPoorHosts},
  };
  return *checks;
}

std::vector<Result> RunChecks(const std::string& path,
                              const SettingsMap& settings) {
  std::vector<Result> results;
  for (const Check& check : Checks()) {
    results.push_back(
        {check.name, RunIsolated([&] { return check.run(path, settings); },
                                 kTimeoutSeconds)});
  }
  return results;
}

}  // namespace assay::conformance
