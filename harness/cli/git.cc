#include "harness/cli/git.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "harness/core/status_macros.h"

extern char** environ;

namespace assay {
namespace {

struct Answer {
  int exit_code = 0;
  std::string text;  // of its standard output
};

// Runs git without a shell; its complaints go to our standard error.
absl::StatusOr<Answer> Git(std::vector<std::string> words) {
  words.insert(words.begin(), "git");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot make a pipe: ", std::strerror(errno)));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, "git", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  Answer answer;
  char buffer[4096];
  ssize_t got = 0;
  while (failed == 0 && ((got = read(ends[0], buffer, sizeof(buffer))) > 0 ||
                         (got < 0 && errno == EINTR))) {
    if (got > 0) answer.text.append(buffer, static_cast<size_t>(got));
  }
  close(ends[0]);
  if (failed != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot run git: ", std::strerror(failed)));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  answer.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return answer;
}

// A name that begins with a dash would be a flag.
absl::StatusOr<std::string> FullName(const std::string& repository,
                                     const std::string& name) {
  if (name.empty() || name[0] == '-') {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a commit, got '", name, "'"));
  }
  ASSAY_ASSIGN_OR_RETURN(const Answer answer,
                         Git({"-C", repository, "rev-parse", "--verify",
                              "--quiet", absl::StrCat(name, "^{commit}")}));
  if (answer.exit_code == 0) {
    return std::string(absl::StripAsciiWhitespace(answer.text));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("git knows no commit '", name, "' in ", repository));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> CommitsBetween(
    const std::string& repository, const std::string& good,
    const std::string& bad) {
  ASSAY_ASSIGN_OR_RETURN(const std::string first, FullName(repository, good));
  ASSAY_ASSIGN_OR_RETURN(const std::string last, FullName(repository, bad));
  ASSAY_ASSIGN_OR_RETURN(
      const Answer related,
      Git({"-C", repository, "merge-base", "--is-ancestor", first, last}));
  if (related.exit_code != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(good, " is no ancestor of ", bad));
  }
  ASSAY_ASSIGN_OR_RETURN(const Answer list,
                         Git({"-C", repository, "rev-list", "--first-parent",
                              "--reverse", absl::StrCat(first, "..", last)}));
  if (list.exit_code != 0) {
    return absl::UnavailableError(
        absl::StrCat("git rev-list ended with ", list.exit_code));
  }
  std::vector<std::string> commits = {first};
  for (absl::string_view line :
       absl::StrSplit(list.text, '\n', absl::SkipEmpty())) {
    commits.emplace_back(line);
  }
  return commits;
}

absl::Status CheckOut(const std::string& repository, const std::string& commit,
                      const std::string& tree) {
  ASSAY_ASSIGN_OR_RETURN(const std::string name, FullName(repository, commit));
  const bool there = access(absl::StrCat(tree, "/.git").c_str(), F_OK) == 0;
  ASSAY_ASSIGN_OR_RETURN(
      const Answer answer,
      there ? Git({"-C", tree, "checkout", "--quiet", "--detach", "--force",
                   name})
            : Git({"-C", repository, "worktree", "add", "--quiet", "--force",
                   "--detach", tree, name}));
  if (answer.exit_code == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("git cannot check out ", name, " into ", tree));
}

absl::Status RemoveTree(const std::string& repository,
                        const std::string& tree) {
  ASSAY_ASSIGN_OR_RETURN(const Answer answer, Git({"-C", repository, "worktree",
                                                   "remove", "--force", tree}));
  if (answer.exit_code == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("git cannot remove the work tree ", tree));
}

}  // namespace assay
