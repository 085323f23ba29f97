#include "harness/dynamic/flow.h"

#include <algorithm>

namespace assay {
namespace {

void Include(const VariableSet& from, VariableSet* to) {
  to->insert(from.begin(), from.end());
}

VariableSet LiveBefore(const Statement& s, VariableSet live) {
  switch (s.kind) {
    case StatementKind::kReturn:
      live.clear();
      break;
    case StatementKind::kIf: {
      VariableSet both = LiveAt(s.body, 0, live);
      Include(LiveAt(s.otherwise, 0, live), &both);
      both.insert(s.predicate.source);
      return both;
    }
    case StatementKind::kFor:
    case StatementKind::kWhile: {
      VariableSet around = LiveAt(s.body, 0, LiveAround(s, live));
      if (s.kind == StatementKind::kWhile) {
        Include(live, &around);
        around.insert(s.predicate.source);
      }
      for (const VariableId id : s.writes) around.erase(id);
      return around;
    }
    default:
      break;
  }
  for (const VariableId id : s.writes) live.erase(id);
  live.insert(s.reads.begin(), s.reads.end());
  return live;
}

}  // namespace

bool FallsThrough(const Block& block) {
  if (block.empty()) return true;
  const Statement& last = block.back();
  if (last.kind == StatementKind::kReturn) return false;
  if (last.kind == StatementKind::kFor) return FallsThrough(last.body);
  if (last.kind != StatementKind::kIf) return true;
  return FallsThrough(last.body) || FallsThrough(last.otherwise);
}

bool MayReturn(const Statement& statement) {
  return statement.kind == StatementKind::kReturn ||
         std::any_of(statement.body.begin(), statement.body.end(), MayReturn) ||
         std::any_of(statement.otherwise.begin(), statement.otherwise.end(),
                     MayReturn);
}

VariableSet Assigned(const Block& block) {
  VariableSet assigned;
  ForEachStatement(block, [&](const Statement& s) {
    assigned.insert(s.writes.begin(), s.writes.end());
  });
  return assigned;
}

VariableSet LiveAt(const Block& block, size_t at, const VariableSet& after) {
  VariableSet live = after;
  for (size_t i = block.size(); i-- > at;) live = LiveBefore(block[i], live);
  return live;
}

VariableSet LiveAround(const Statement& loop, const VariableSet& after) {
  VariableSet around = after;
  if (loop.kind == StatementKind::kWhile) {
    around.insert(loop.predicate.source);
  }
  // Sets only grow, so that this ends.
  for (size_t before = around.size() + 1; before != around.size();) {
    before = around.size();
    VariableSet again = LiveAt(loop.body, 0, around);
    for (const VariableId id : loop.writes) again.erase(id);
    Include(again, &around);
  }
  return around;
}

size_t StraightEnd(const Block& block, size_t at) {
  while (at < block.size() && IsStraight(block[at].kind)) ++at;
  return at;
}

}  // namespace assay
