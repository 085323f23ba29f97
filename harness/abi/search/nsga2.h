// NSGA-II: evolution towards a whole front (Deb et al. 2002), with constraint
// domination. What is measured, and what counts as measured, is the caller's.
#ifndef ASSAY_HARNESS_ABI_SEARCH_NSGA2_H_
#define ASSAY_HARNESS_ABI_SEARCH_NSGA2_H_

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "harness/abi/search/genetic.h"
#include "harness/abi/search/pareto.h"

namespace assay::search {

struct Member {
  Genome x;
  Point objectives;      // minimised
  double violation = 0;  // of the constraints; 0: feasible
};

// Ranks with constraint domination: feasible members by fronts, then the
// others by ascending violation, one rank for each value of it.
inline std::vector<size_t> ConstrainedRanks(
    const std::vector<Member>& members) {
  Points feasible;
  std::vector<size_t> where;
  std::set<double> violations;
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i].violation > 0) {
      violations.insert(members[i].violation);
    } else {
      feasible.push_back(members[i].objectives);
      where.push_back(i);
    }
  }
  const std::vector<size_t> fronts = FrontOf(feasible);
  const size_t first =
      fronts.empty() ? 0 : *std::max_element(fronts.begin(), fronts.end()) + 1;
  std::vector<size_t> ranks(members.size(), 0);
  for (size_t k = 0; k < where.size(); ++k) ranks[where[k]] = fronts[k];
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i].violation <= 0) continue;
    const auto place = violations.find(members[i].violation);
    ranks[i] =
        first + static_cast<size_t>(std::distance(violations.begin(), place));
  }
  return ranks;
}

// A population with the rank of each member and its crowding in its front.
struct Ranked {
  std::vector<Member> members;
  std::vector<size_t> ranks;
  std::vector<double> crowding;
};

inline Ranked Rank(std::vector<Member> members) {
  Ranked ranked{std::move(members), {}, {}};
  ranked.ranks = ConstrainedRanks(ranked.members);
  ranked.crowding.assign(ranked.members.size(), 0);
  const size_t fronts =
      ranked.ranks.empty()
          ? 0
          : *std::max_element(ranked.ranks.begin(), ranked.ranks.end()) + 1;
  for (size_t front = 0; front < fronts; ++front) {
    Points points;
    std::vector<size_t> where;
    for (size_t i = 0; i < ranked.members.size(); ++i) {
      if (ranked.ranks[i] != front) continue;
      points.push_back(ranked.members[i].objectives);
      where.push_back(i);
    }
    const std::vector<double> distance = CrowdingDistance(points);
    for (size_t k = 0; k < where.size(); ++k) {
      ranked.crowding[where[k]] = distance[k];
    }
  }
  return ranked;
}

// The `n` best by rank, the last front cut by descending crowding; ties go to
// the earlier member. In that order.
inline std::vector<Member> Survivors(std::vector<Member> members, size_t n) {
  Ranked ranked = Rank(std::move(members));
  std::vector<size_t> order(ranked.members.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (ranked.ranks[a] != ranked.ranks[b]) {
      return ranked.ranks[a] < ranked.ranks[b];
    }
    return ranked.crowding[a] > ranked.crowding[b];
  });
  std::vector<Member> kept;
  for (size_t k = 0; k < std::min(n, order.size()); ++k) {
    kept.push_back(std::move(ranked.members[order[k]]));
  }
  return kept;
}

// Binary tournament: lower rank, then larger crowding, then either.
inline const Genome& Parent(const Ranked& ranked, const Source& source) {
  const size_t a = source.below(ranked.members.size());
  const size_t b = source.below(ranked.members.size());
  size_t winner = source.below(2) == 0 ? a : b;
  if (ranked.ranks[a] != ranked.ranks[b]) {
    winner = ranked.ranks[a] < ranked.ranks[b] ? a : b;
  } else if (ranked.crowding[a] != ranked.crowding[b]) {
    winner = ranked.crowding[a] > ranked.crowding[b] ? a : b;
  }
  return ranked.members[winner].x;
}

// Up to `n` new genomes from a population that is not empty: children in the
// canonical form of `canonical` that are neither members nor twice among
// themselves and that `allowed` accepts. Fewer where 100 pairs in a row bring
// nothing new.
template <typename Canonical, typename Allowed>
std::vector<Genome> Offspring(const std::vector<Member>& members, size_t n,
                              const Values& values, const Variation& variation,
                              const Source& source, Canonical canonical,
                              Allowed allowed) {
  const Ranked ranked = Rank(members);
  std::set<Genome> known;
  for (const Member& m : members) known.insert(m.x);
  std::vector<Genome> children;
  for (int attempts = 0; children.size() < n && attempts < 100;) {
    const size_t before = children.size();
    auto [a, b] = Children(Parent(ranked, source), Parent(ranked, source),
                           values, variation, source);
    for (Genome* child : {&a, &b}) {
      *child = canonical(std::move(*child));
      if (children.size() < n && known.count(*child) == 0 && allowed(*child)) {
        known.insert(*child);
        children.push_back(std::move(*child));
      }
    }
    attempts = children.size() > before ? 0 : attempts + 1;
  }
  return children;
}

}  // namespace assay::search

#endif  // ASSAY_HARNESS_ABI_SEARCH_NSGA2_H_
