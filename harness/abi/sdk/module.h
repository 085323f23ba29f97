// Methods, and the module that carries them across the border. No exception
// leaves: each slot turns one into an INTERNAL status.
#ifndef ASSAY_HARNESS_ABI_SDK_MODULE_H_
#define ASSAY_HARNESS_ABI_SDK_MODULE_H_

#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "run.h"

namespace assay::sdk {

// What a method wants to spend over all budgets; negative: cannot tell.
struct Needs {
  double epochs = ASSAY_UNSET;
  int64_t evaluations = ASSAY_UNSET;
  int64_t peak_bytes = ASSAY_UNSET;
};

// A compression method: one object per run. [main] for all functions.
class Method {
 public:
  virtual ~Method() = default;

  // A dry run; trains nothing. Refuse here what the config cannot mean.
  virtual Status Plan(const Run&, Needs&) { return OkStatus(); }

  // Does the work: a candidate for each of run.budgets(). Once. Long loops poll
  // run.stop_wanted().
  virtual Status Apply(Run& run) = 0;
};

// How well a method suits a machine and a task.
struct Fit {
  uint32_t score = 100;
  const char* reason = "";  // static
};

// One method of a module.
struct Entry {
  sdk::Card card;
  std::function<std::unique_ptr<Method>()> make;
  std::function<Fit(const assay_site&)> match = nullptr;  // null: 100 always
};

template <typename T>
Entry MakeEntry(sdk::Card card) {
  return Entry{std::move(card), [] { return std::make_unique<T>(); }};
}

namespace internal {

// One instance behind an assay_method*.
struct Instance {
  Instance(assay_host* host, assay_find_fn find, Config config)
      : run(host, find, std::move(config)) {}

  Run run;
  std::unique_ptr<Method> method;  // ends before run
};

template <typename F>
Status Guard(F&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Status(Code::kResourceExhausted, "");  // short: needs no memory
  } catch (const std::exception& e) {
    return Status(Code::kInternal, std::string("method threw: ") + e.what());
  } catch (...) {
    return Status(Code::kInternal, "method threw");
  }
}

// The module of this shared library: made by the first open, never destroyed.
class Module {
 public:
  // Defined by ASSAY_EXPORT_METHOD.
  static std::vector<Entry> Entries();

  static int32_t Open(const assay_offer* offer, assay_answer* answer) noexcept {
    if (offer->revision_low > ASSAY_REVISION ||
        offer->revision_high < ASSAY_REVISION) {
      std::snprintf(answer->why, sizeof(answer->why),
                    "this module speaks revision %u, the host %u to %u",
                    ASSAY_REVISION, offer->revision_low, offer->revision_high);
      return ASSAY_NO_COMMON_REVISION;
    }
    try {
      Get().find_ = offer->find;
    } catch (...) {
      std::snprintf(answer->why, sizeof(answer->why),
                    "this module failed to set itself up");
      return ASSAY_DAMAGED;
    }
    answer->revision = ASSAY_REVISION;
    answer->module = &kTable;
    return ASSAY_OPENED;
  }

 private:
  Module() : entries_(Entries()) {
    for (Entry& e : entries_) cards_.push_back(e.card.raw());
  }
  static Module& Get() {
    static Module* const module = new Module;
    return *module;
  }

  static uint32_t Count() {
    return static_cast<uint32_t>(Get().entries_.size());
  }
  static const assay_card* Card(uint32_t index) {
    return index < Get().cards_.size() ? Get().cards_[index] : nullptr;
  }
  static assay_status* Match(uint32_t index, assay_host* host,
                             const assay_site* site, assay_fit* out) {
    const Services s(host, Get().find_);
    return GiveStatus(s, Guard([&]() -> Status {
                        if (index >= Get().entries_.size())
                          return NoSuchMethod(index);
                        const Entry& entry = Get().entries_[index];
                        const Fit fit =
                            entry.match ? entry.match(*site) : Fit();
                        out->score = fit.score;
                        out->reason = ToText(fit.reason);
                        return OkStatus();
                      }));
  }
  static assay_status* Make(uint32_t index, assay_host* host,
                            const assay_config* config, assay_method** out) {
    const Services s(host, Get().find_);
    return GiveStatus(
        s, Guard([&]() -> Status {
          if (index >= Get().entries_.size()) return NoSuchMethod(index);
          auto instance = std::make_unique<Instance>(
              host, Get().find_, Config(*Get().cards_[index], config));
          instance->method = Get().entries_[index].make();
          *out = reinterpret_cast<assay_method*>(instance.release());
          return OkStatus();
        }));
  }
  static const void* Find(assay_method*, assay_text id) {
    return ToView(id) == ASSAY_METHOD_ID ? &kMethodTable : nullptr;
  }
  static void Drop(assay_method* method) { delete Cast(method); }
  static void Close() {}

  static assay_status* Plan(assay_method* method, assay_needs* out) {
    Instance& i = *Cast(method);
    return GiveStatus(i.run.services(), Guard([&]() -> Status {
                        Needs needs;
                        ASSAY_RETURN_IF_ERROR(i.method->Plan(i.run, needs));
                        out->epochs = needs.epochs;
                        out->evaluations = needs.evaluations;
                        out->peak_bytes = needs.peak_bytes;
                        return OkStatus();
                      }));
  }
  static assay_status* RunMethod(assay_method* method) {
    Instance& i = *Cast(method);
    return GiveStatus(i.run.services(),
                      Guard([&] { return i.method->Apply(i.run); }));
  }

  static Instance* Cast(assay_method* method) {
    return reinterpret_cast<Instance*>(method);
  }
  static Status NoSuchMethod(uint32_t index) {
    return Status(Code::kOutOfRange,
                  "this module has no method " + std::to_string(index));
  }

  static constexpr assay_module kTable = {ASSAY_SIZE(assay_module),
                                          ASSAY_REVISION,
                                          &Count,
                                          &Card,
                                          &Match,
                                          &Make,
                                          &Find,
                                          &Drop,
                                          &Close};
  static constexpr assay_method_table kMethodTable = {
      ASSAY_SIZE(assay_method_table), ASSAY_REVISION, &Plan, &RunMethod};

  std::vector<Entry> entries_;
  std::vector<const assay_card*> cards_;
  assay_find_fn find_ = nullptr;
};

}  // namespace internal
}  // namespace assay::sdk

// Exports a module with several methods:
//   ASSAY_EXPORT_METHODS(assay::sdk::MakeEntry<A>(card_a), ...);
// At namespace scope outside any namespace, once per shared library.
#define ASSAY_EXPORT_METHODS(...)                                          \
  std::vector<assay::sdk::Entry> assay::sdk::internal::Module::Entries() { \
    return {__VA_ARGS__};                                                  \
  }                                                                        \
  extern "C" ASSAY_EXPORT int32_t assay_module_open_v1(                    \
      const assay_offer* offer, assay_answer* answer) {                    \
    return assay::sdk::internal::Module::Open(offer, answer);              \
  }                                                                        \
  static_assert(true, "a semicolon follows")

// Exports a module with one method: ASSAY_EXPORT_METHOD(Type, Card("id")...).
#define ASSAY_EXPORT_METHOD(Type, ...) \
  ASSAY_EXPORT_METHODS(assay::sdk::MakeEntry<Type>(__VA_ARGS__))

#endif  // ASSAY_HARNESS_ABI_SDK_MODULE_H_
