// The values of a packed integer group: how its vectors of 64 bytes give 8 operands, each with 4 columns of
// 16 rows as unsigned bytes. Bits that a byte cannot hold with others lie in planes of their own: bit
// planes have bit w of operand w, planes of bit pairs bits 2 * (w % 4) and the next of operand w, in the
// w / 4-th of two vectors.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

constexpr size_t kVectorBytes = 4 * kTileRows;

inline const uint8_t* AddressOf(const uint8_t* values, int vector) {
  return values + static_cast<size_t>(vector) * kVectorBytes;
}
inline Bytes VectorAt(const uint8_t* values, int vector) { return LoadBytes(AddressOf(values, vector)); }

// Operand w is vector w.
struct Int8Values {
  static constexpr int kVectors = 8;
  static constexpr int kOperands = 1;
  static constexpr int kStoredVectors = 8;
  static constexpr int kLargest = 255;
  static constexpr int kZeroPoint = 128;
  static constexpr int Column(int vector, int) { return 4 * vector; }
  static Bytes Operand(const uint8_t* values, int vector, int) { return VectorAt(values, vector); }
};

inline Bytes NibblesOf(Bytes vector, int operand) { return operand == 0 ? LowNibbles(vector) : HighNibbles(vector); }

// Nibble `operand` of the vector at `packed` under `width` bits of a plane, from bit `from` on. A level that has a
// shorter way has a function of this name that is no template, which is then taken.
template <class Vector>
inline Vector WidenedNibbles(const uint8_t* packed, int operand, Vector plane, int from, int width) {
  return InsertBits(NibblesOf(LoadBytes(packed), operand), plane, from, width, 4);
}

// Vector g holds columns 4g .. 4g+3 in the low nibbles and 16+4g .. 16+4g+3 in the high ones: GGML's order.
template <int kZero>
struct Int4Values {
  static constexpr int kVectors = 4;
  static constexpr int kOperands = 2;
  static constexpr int kStoredVectors = 4;
  static constexpr int kLargest = 15;
  static constexpr int kZeroPoint = kZero;
  static constexpr int Column(int vector, int operand) { return 16 * operand + 4 * vector; }
  static Bytes Operand(const uint8_t* values, int vector, int operand) {
    return NibblesOf(VectorAt(values, vector), operand);
  }
};

// As Int4Values, each nibble the index of a level, which is an int8 and given as Int8Values gives them.
struct Code4Values : Int4Values<Int8Values::kZeroPoint> {
  static constexpr int kLargest = Int8Values::kLargest;
  static Bytes Operand(const uint8_t* values, int vector, int operand) {
    return LookUp(Int4Values::Operand(values, vector, operand), kIq4Levels);
  }
  static constexpr uint8_t kIq4Levels[16] = {1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241};
};

// As Int4Values, then a plane of the fifth bits.
template <int kZero>
struct Int5Values : Int4Values<kZero> {
  static constexpr int kStoredVectors = 5;
  static constexpr int kLargest = 31;
  static Bytes Operand(const uint8_t* values, int vector, int operand) {
    return WidenedNibbles(AddressOf(values, vector), operand, VectorAt(values, 4), 4 * operand + vector, 1);
  }
};

// Two vectors of bit pairs.
template <int kZero>
struct Int2Values {
  static constexpr int kVectors = 2;
  static constexpr int kOperands = 4;
  static constexpr int kStoredVectors = 2;
  static constexpr int kLargest = 3;
  static constexpr int kZeroPoint = kZero;
  static constexpr int Column(int vector, int operand) { return 16 * vector + 4 * operand; }
  static Bytes Operand(const uint8_t* values, int vector, int operand) {
    return MoveBits(VectorAt(values, vector), 2 * operand, 2, 0);
  }
};

// As Int2Values, then a plane of the third bits.
struct Int3Values : Int2Values<4> {
  static constexpr int kStoredVectors = 3;
  static constexpr int kLargest = 7;
  static Bytes Operand(const uint8_t* values, int vector, int operand) {
    return InsertBits(Int2Values::Operand(values, vector, operand), VectorAt(values, 2), 4 * vector + operand, 1, 2);
  }
};

// Vector g holds columns 8g .. 8g+3 in the low nibbles and 8g+4 .. 8g+7 in the high ones, so that each half
// of the group has vectors of its own; then two vectors with the upper bit pairs.
struct Int6Values {
  static constexpr int kVectors = 4;
  static constexpr int kOperands = 2;
  static constexpr int kStoredVectors = 6;
  static constexpr int kLargest = 63;
  static constexpr int kZeroPoint = 32;
  static constexpr int Column(int vector, int operand) { return 8 * vector + 4 * operand; }
  static Bytes Operand(const uint8_t* values, int vector, int operand) {
    const Bytes upper = VectorAt(values, 4 + vector / 2);
    return WidenedNibbles(AddressOf(values, vector), operand, upper, 4 * (vector % 2) + 2 * operand, 2);
  }
};

}  // namespace TURNWISE_ISA
}  // namespace turnwise
