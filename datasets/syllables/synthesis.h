// A source-filter synthesiser of ten consonant-vowel syllables.
#ifndef ASSAY_DATASETS_SYLLABLES_SYNTHESIS_H_
#define ASSAY_DATASETS_SYLLABLES_SYNTHESIS_H_

#include <array>
#include <vector>

#include "harness/core/random.h"

namespace assay::datasets::syllables {

inline constexpr int kRate = 8000;  // samples per second
inline constexpr int kClasses = 10;
// Class = 5 * onset + vowel: m or s, then a, e, i, o or u.
inline constexpr std::array<const char*, kClasses> kClassNames = {
    "ma", "me", "mi", "mo", "mu", "sa", "se", "si", "so", "su"};

// One second of sound around one syllable of class `label`, in [-1, 1].
//
// Glottal pulses (voice) or noise (the hiss of s) drive three formant
// resonators whose frequencies glide from the onset's to the vowel's. Speaker
// (pitch, vocal-tract length), speed, position, formant targets, loudness and
// background noise are drawn from `stream`. Vowels overlap as those of real
// speakers do: a short tract's o resembles a long tract's a.
std::vector<float> Synthesise(int label, RandomStream& stream);

}  // namespace assay::datasets::syllables

#endif  // ASSAY_DATASETS_SYLLABLES_SYNTHESIS_H_
