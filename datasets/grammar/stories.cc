#include "datasets/grammar/stories.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "datasets/grammar/lexicon.h"

namespace assay::datasets::grammar {
namespace {

constexpr const char* kNouns[] = {
    "dog",    "farmer", "bird",   "river",  "child",  "teacher", "horse",
    "garden", "letter", "window", "sailor", "doctor", "tree",    "king",
    "cat",    "road",   "singer", "house",  "stone",  "baker"};
constexpr const char* kAdjectives[] = {"old",   "young", "quiet", "tall",
                                       "happy", "tired", "brown", "clever",
                                       "small", "proud"};
constexpr const char* kVerbs[] = {"see",      "follow", "like", "paint",
                                  "remember", "help",   "fear", "greet",
                                  "hear",     "meet"};
constexpr const char* kMotions[] = {"walk", "sleep", "wait",
                                    "sing", "laugh", "run"};
constexpr const char* kPlaces[] = {"near the river",  "in the garden",
                                   "by the old wall", "under a tree",
                                   "at the market",   "behind the house"};
constexpr const char* kDays[] = {"in spring", "on monday", "at night",
                                 "after lunch", "every day"};

bool IsPlural(RandomStream& stream) { return Chance(0.4, stream); }

std::string Plural(const std::string& noun) {
  return noun == "child" ? "children" : noun + "s";
}

std::string Verb(const std::string& stem, bool plural) {
  return plural ? stem : stem + "s";
}

// The teller of one story: its people are fixed when it starts.
class Story {
 public:
  explicit Story(RandomStream& stream)
      : stream_(stream),
        names_(InventWords(1 + static_cast<int64_t>(stream.Below(3)), stream)) {
    for (std::string& name : names_) name[0] = absl::ascii_toupper(name[0]);
  }

  // Each draw is a statement of its own, here and below: the order in which
  // C++ evaluates arguments is not fixed.
  std::string Sentence() {
    std::string text = Clause();
    if (Chance(0.3, stream_)) {
      text += Chance(0.5, stream_) ? " and " : " but ";
      text += Clause();
    } else if (Chance(0.3, stream_)) {
      absl::StrAppend(&text, " because ", Pronoun(), " ");
      text += Predicate(/*plural=*/false, /*depth=*/1);
    }
    if (Chance(0.15, stream_)) {
      absl::StrAppend(&text, " ( ", OneOf(kDays, stream_), " )");
    }
    return text + " .\n";
  }

 private:
  std::string Clause() {
    if (Chance(0.4, stream_)) {
      subject_ = OneOf(names_, stream_);
      return absl::StrCat(subject_, " ", Predicate(false, 0));
    }
    const bool plural = IsPlural(stream_);
    const std::string subject = NounPhrase(plural, 0);
    return absl::StrCat(subject, " ", Predicate(plural, 0));
  }

  // For the person named last; anyone before the first name.
  std::string Pronoun() {
    if (subject_.empty()) subject_ = names_[0];
    return subject_.back() == 'a' ? "she" : "he";
  }

  std::string NounPhrase(bool plural, int depth) {
    std::string text = plural ? (Chance(0.5, stream_) ? "the" : "some")
                              : (Chance(0.5, stream_) ? "the" : "one");
    if (Chance(0.4, stream_)) {
      absl::StrAppend(&text, " ", OneOf(kAdjectives, stream_));
    }
    const std::string noun = OneOf(kNouns, stream_);
    absl::StrAppend(&text, " ", plural ? Plural(noun) : noun);
    if (depth == 0 && Chance(0.25, stream_)) {
      absl::StrAppend(&text, " that ", Relative(plural));
    }
    return text;
  }

  std::string Relative(bool plural) {
    if (Chance(0.5, stream_)) return Predicate(plural, 1);
    const bool inner = IsPlural(stream_);
    const std::string subject = NounPhrase(inner, 1);
    return absl::StrCat(subject, " ", Verb(OneOf(kVerbs, stream_), inner));
  }

  std::string Predicate(bool plural, int depth) {
    if (Chance(0.4, stream_)) {
      const std::string motion = Verb(OneOf(kMotions, stream_), plural);
      return absl::StrCat(motion, " ", OneOf(kPlaces, stream_));
    }
    std::string text = Verb(OneOf(kVerbs, stream_), plural);
    const bool named = Chance(0.3, stream_);
    absl::StrAppend(
        &text, " ",
        named ? OneOf(names_, stream_) : NounPhrase(IsPlural(stream_), depth));
    return text;
  }

  RandomStream& stream_;
  std::vector<std::string> names_;
  std::string subject_;
};

}  // namespace

std::string WriteStories(int64_t bytes, RandomStream& stream) {
  const auto size = static_cast<size_t>(bytes);
  std::string text;
  while (text.size() < size) {
    Story story(stream);
    for (uint64_t n = 4 + stream.Below(5); n > 0; --n) {
      text += story.Sentence();
    }
    text += '\n';
  }
  text.resize(size);
  return text;
}

}  // namespace assay::datasets::grammar
