// What the bytes of each packed integer format mean, for IntGemm and UnpackIntRow.
//
// A row is cut into groups of kQuantGroup columns, the activations' own. A format is a class whose object
// is one group of one tile (16 rows); groups lie in blocks of kBlockColumns columns, one after the other,
// kBlockBytes for the 16 rows. It says:
//   kLargest, kZeroPoint  a stored value is 0 .. kLargest and means value - kZeroPoint
//   kVectors, kOperands   packed vectors of 64 bytes in a group, and how many vectors of values each gives
//   Column(v, o)          the 4 columns of the group that operand o of vector v holds, 4 bytes a lane
//   Operand(v, o)         those values, unsigned bytes
//   Scale()               f32 scale of each row
//   kSubgroups            1, or 2: then vectors 0 .. kVectors / 2 - 1 are columns 0 .. 15, the others
//                         16 .. 31, and the sum of each half is multiplied by SubScale(half), an integer
//   kHasMinimum           then MinimumScale() * (MinimumPairs() . sums of the halves) is added: the pairs
//                         are two int16 a row, for the columns 0 .. 15 and 16 .. 31
// A weight is Scale * SubScale * (value - kZeroPoint) + MinimumScale * MinimumPair. All of it is exact but
// the f32 products at the end, whose order is IntBlock's.
#pragma once

namespace turnwise {
namespace TURNWISE_ISA {

static_assert(kLanes == kTileRows, "a vector holds one value of each row of a tile");

// Both halves of a group, as MinimumPairs and the sums of a q8a row hold them.
constexpr int32_t PairOf(int low, int high) {
  return static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffffu) | static_cast<uint32_t>(high) << 16);
}

constexpr size_t kVectorBytes = 4 * kTileRows;
constexpr size_t kHalvesBytes = kTileRows * sizeof(uint16_t);

inline F32 LoadScales(const uint8_t* p) { return LoadF16(reinterpret_cast<const uint16_t*>(p)); }

// A group that has no parts but 16 f16 scales, then its vectors.
struct PlainGroup {
  static constexpr int kBlockColumns = kQuantGroup;
  static constexpr int kSubgroups = 1;
  static constexpr bool kHasMinimum = false;

  PlainGroup(const uint8_t* block, int /*group*/) : packed(block) {}
  F32 Scale() const { return LoadScales(packed); }
  Bytes Vector(int vector) const { return LoadBytes(packed + kHalvesBytes + static_cast<size_t>(vector) * kVectorBytes); }

  const uint8_t* packed;
};

// 8 vectors: vector g holds columns 4g .. 4g+3, each int8 + 128.
struct Int8G32 : PlainGroup {
  using PlainGroup::PlainGroup;
  static constexpr int kVectors = 8;
  static constexpr int kOperands = 1;
  static constexpr size_t kBlockBytes = kHalvesBytes + kVectors * kVectorBytes;
  static constexpr int kLargest = 255;
  static constexpr int kZeroPoint = 128;
  static constexpr int Column(int vector, int) { return 4 * vector; }
  Bytes Operand(int vector, int) const { return Vector(vector); }
};

// 4 vectors: vector g holds columns 4g .. 4g+3 in the low nibbles and 16+4g .. 16+4g+3 in the high ones,
// each plus 8.
struct Int4G32 : PlainGroup {
  using PlainGroup::PlainGroup;
  static constexpr int kVectors = 4;
  static constexpr int kOperands = 2;
  static constexpr size_t kBlockBytes = kHalvesBytes + kVectors * kVectorBytes;
  static constexpr int kLargest = 15;
  static constexpr int kZeroPoint = 8;
  static constexpr int Column(int vector, int operand) { return 16 * operand + 4 * vector; }
  Bytes Operand(int vector, int operand) const {
    return operand == 0 ? LowNibbles(Vector(vector)) : HighNibbles(Vector(vector));
  }
};

}  // namespace TURNWISE_ISA
}  // namespace turnwise
