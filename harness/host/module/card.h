// Cards of methods: are they sound, and what do given settings come to?
#ifndef ASSAY_HARNESS_HOST_MODULE_CARD_H_
#define ASSAY_HARNESS_HOST_MODULE_CARD_H_

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/abi/assay.h"

namespace assay {

// INVALID_ARGUMENT: null or too small, an id that is empty or not made of lower
// case letters, digits, '_' and '.', no version, parameters without key, with a
// number or key used twice, an unknown type, or a preset out of range.
absl::Status CheckCard(const assay_card* card);

// Settings of a method, checked and complete. Movable, not copyable: the C
// structs point into it.
class Settings {
 public:
  // `given` by key, as text: flags "true"/"false"/"1"/"0", lists "0.1,0.2".
  // INVALID_ARGUMENT names the key, what was expected and got; an unknown key
  // lists the known ones. The card must be sound.
  static absl::StatusOr<Settings> Resolve(
      const assay_card& card, const std::map<std::string, std::string>& given);

  Settings(Settings&&) = default;
  Settings& operator=(Settings&&) = default;

  const assay_config* config() const { return &storage_->config; }

  // Key and canonical value of every parameter that is not retired, sorted:
  // equal settings give equal text.
  const std::vector<std::pair<std::string, std::string>>& canonical() const {
    return canonical_;
  }

 private:
  struct Storage {
    assay_config config{};
    std::deque<assay_setting> settings;
    std::deque<std::string> texts;
    std::deque<std::vector<double>> reals;
    std::vector<const assay_setting*> pointers;
  };

  Settings() : storage_(std::make_unique<Storage>()) {}

  absl::Status Add(const assay_param& param, const std::string* given);

  std::unique_ptr<Storage> storage_;
  std::vector<std::pair<std::string, std::string>> canonical_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_MODULE_CARD_H_
