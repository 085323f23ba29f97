// Cards with typed parameters, and the values a run was given.
#ifndef ASSAY_HARNESS_ABI_SDK_CONFIG_H_
#define ASSAY_HARNESS_ABI_SDK_CONFIG_H_

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services.h"

namespace assay::sdk {

enum class Kind : uint32_t {
  kBaseline = ASSAY_KIND_BASELINE,
  kPrune = ASSAY_KIND_PRUNE,
  kSearch = ASSAY_KIND_SEARCH,
  kQuantize = ASSAY_KIND_QUANTIZE,
  kMixed = ASSAY_KIND_MIXED,
};

enum class Determinism : uint32_t {
  kStatistical = ASSAY_STATISTICAL,
  kMachine = ASSAY_BITWISE_MACHINE,
  kThreads = ASSAY_BITWISE_THREADS,
};

struct Range {
  double low = std::numeric_limits<double>::lowest();
  double high = std::numeric_limits<double>::max();
};

// Who a method is and which parameters it takes. A parameter's number (the
// first argument) is for ever: never reuse one, retire it.
class Card {
 public:
  explicit Card(std::string_view id) {
    card_.size = ASSAY_SIZE(assay_card);
    card_.revision = ASSAY_REVISION;
    card_.id = Keep(id);
    card_.determinism = ASSAY_STATISTICAL;
  }

  Card& Version(std::string_view v) { return card_.version = Keep(v), *this; }
  Card& Title(std::string_view v) { return card_.title = Keep(v), *this; }
  Card& Paper(std::string_view v) { return card_.paper = Keep(v), *this; }
  Card& Licence(std::string_view v) { return card_.licence = Keep(v), *this; }
  Card& Kind(sdk::Kind kind) {
    return card_.kind = static_cast<uint32_t>(kind), *this;
  }
  Card& Determinism(sdk::Determinism level) {
    return card_.determinism = static_cast<uint32_t>(level), *this;
  }
  // Bits ASSAY_BUDGET_...: what it can meet. None: only runs without budget.
  Card& Budgets(uint32_t kinds) { return card_.budgets = kinds, *this; }
  // Bits ASSAY_IMAGE, ...; any unless said.
  Card& Modalities(uint32_t bits) { return card_.modalities = bits, *this; }
  // A host table that the method cannot do without: ASSAY_TRAIN_ID.
  Card& Requires(std::string_view table) {
    requires_.push_back(Keep(table));
    return *this;
  }

  Card& Flag(uint32_t id, std::string_view key, bool preset,
             std::string_view help) {
    assay_param& p = New(id, ASSAY_PARAM_FLAG, key, help);
    p.low = 0;
    p.high = 1;
    p.preset = preset ? 1 : 0;
    return *this;
  }
  Card& Integer(uint32_t id, std::string_view key, int64_t preset, Range range,
                std::string_view help) {
    assay_param& p = New(id, ASSAY_PARAM_INTEGER, key, help);
    p.low = range.low;
    p.high = range.high;
    p.preset = static_cast<double>(preset);
    return *this;
  }
  Card& Real(uint32_t id, std::string_view key, double preset, Range range,
             std::string_view help) {
    assay_param& p = New(id, ASSAY_PARAM_REAL, key, help);
    p.low = range.low;
    p.high = range.high;
    p.preset = preset;
    return *this;
  }
  Card& Choice(uint32_t id, std::string_view key,
               const std::vector<std::string_view>& choices,
               std::string_view preset, std::string_view help) {
    assay_param& p = New(id, ASSAY_PARAM_CHOICE, key, help);
    lists_.emplace_back();
    for (std::string_view c : choices) lists_.back().push_back(Keep(c));
    p.choices = lists_.back().data();
    p.choice_count = lists_.back().size();
    p.preset_text = Keep(preset);
    return *this;
  }
  Card& Text(uint32_t id, std::string_view key, std::string_view preset,
             std::string_view help) {
    New(id, ASSAY_PARAM_TEXT, key, help).preset_text = Keep(preset);
    return *this;
  }
  Card& Reals(uint32_t id, std::string_view key, std::vector<double> preset,
              Range range, std::string_view help) {
    assay_param& p = New(id, ASSAY_PARAM_REALS, key, help);
    p.low = range.low;
    p.high = range.high;
    reals_.push_back(std::move(preset));
    p.preset_reals = reals_.back().data();
    p.preset_reals_count = reals_.back().size();
    return *this;
  }

  // The card as the host reads it; lent as long as this object is not changed.
  const assay_card* raw() {
    pointers_.clear();
    for (const assay_param& p : params_) pointers_.push_back(&p);
    card_.parameters = pointers_.data();
    card_.parameter_count = pointers_.size();
    card_.requires_tables = requires_.data();
    card_.requires_count = requires_.size();
    return &card_;
  }

 private:
  assay_text Keep(std::string_view text) {
    texts_.emplace_back(text);
    return ToText(texts_.back());
  }
  assay_param& New(uint32_t id, int32_t type, std::string_view key,
                   std::string_view help) {
    assay_param p{};
    p.size = ASSAY_SIZE(assay_param);
    p.id = id;
    p.type = type;
    p.key = Keep(key);
    p.help = Keep(help);
    params_.push_back(p);
    return params_.back();
  }

  assay_card card_{};
  // Deques: what is kept stays where it is.
  std::deque<std::string> texts_;
  std::deque<assay_param> params_;
  std::deque<std::vector<assay_text>> lists_;
  std::deque<std::vector<double>> reals_;
  std::vector<const assay_param*> pointers_;
  std::vector<assay_text> requires_;
};

// The checked values of a run, by key. A key that the card does not have throws
// std::out_of_range: a slip of the plugin, which the SDK reports as INTERNAL.
class Config {
 public:
  Config() = default;
  Config(const assay_card& card, const assay_config* config) {
    for (uint32_t i = 0; config != nullptr && i < config->count; ++i) {
      const assay_setting& setting = *config->settings[i];
      for (uint64_t k = 0; k < card.parameter_count; ++k) {
        if (card.parameters[k]->id == setting.id) {
          settings_[sdk::ToString(card.parameters[k]->key)] = &setting;
        }
      }
    }
  }

  bool Flag(std::string_view key) const { return At(key).integer != 0; }
  int64_t Integer(std::string_view key) const { return At(key).integer; }
  double Real(std::string_view key) const { return At(key).real; }
  std::string Text(std::string_view key) const {
    return sdk::ToString(At(key).text);
  }
  std::string Choice(std::string_view key) const { return Text(key); }
  std::vector<double> Reals(std::string_view key) const {
    const assay_setting& s = At(key);
    return std::vector<double>(s.reals, s.reals + s.reals_count);
  }

 private:
  const assay_setting& At(std::string_view key) const {
    const auto it = settings_.find(key);
    if (it == settings_.end()) {
      throw std::out_of_range("the card has no parameter " + std::string(key));
    }
    return *it->second;
  }

  std::map<std::string, const assay_setting*, std::less<>> settings_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_CONFIG_H_
