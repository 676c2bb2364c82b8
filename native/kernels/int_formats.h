// What the bytes of each packed integer format mean, for IntGemm and UnpackIntRow: one kind of scales
// (int_scales.h) with one kind of values (int_values.h).
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
//   kHasMinimum           then Minimum() is added, an f32 for each row; where kSubgroups is 2,
//                         MinimumScale() * MinimumPairs(): two int16 a row, for the columns 0 .. 15 and 16 .. 31
//   kHasOffset            then Offset(), an integer in f32 for each row, is added to the value; it and Scale() are those
//                         of all groups of a block
// A weight is Scale * SubScale * (value - kZeroPoint + Offset) + minimum. All of it is exact but the f32 products at
// the end, whose order is IntBlock's.
#pragma once

#include "int_scales.h"
#include "int_values.h"

namespace turnwise {
namespace TURNWISE_ISA {

static_assert(kLanes == kTileRows, "a vector holds one value of each row of a tile");

// `from` less each of 16 bytes. A level that has a shorter way has a function of this name that is no template, which is then
// taken.
template <class Integer>
inline F32 LessBytes(Integer from, const uint8_t* bytes) {
  return Broadcast(static_cast<float>(from)) - ToFloat(LoadUnsignedBytes(bytes));
}

template <class Scales, class Layout>
struct IntFormat : Scales {
  using ScaleKind = Scales;
  static constexpr int kVectors = Layout::kVectors;
  static constexpr int kOperands = Layout::kOperands;
  static constexpr int kLargest = Layout::kLargest;
  static constexpr int kZeroPoint = Layout::kZeroPoint;
  static constexpr size_t kValueBytes = Layout::kStoredVectors * kVectorBytes;
  static constexpr size_t kBlockBytes =
      Scales::kHeaderBytes + Scales::kBlockColumns / kQuantGroup * (Scales::kIntegerBytes + kValueBytes);

  IntFormat(const uint8_t* block, int group) : Scales(block, group, kValueBytes) {}
  static constexpr int Column(int vector, int operand) { return Layout::Column(vector, operand); }
  Bytes Operand(int vector, int operand) const { return Layout::Operand(this->Values(), vector, operand); }
  // Of scales that have a zero point of their own.
  F32 Offset() const { return LessBytes(kZeroPoint, this->ZeroPoints()); }
};

using Int8G32 = IntFormat<G32, Int8Values>;
using Int4G32 = IntFormat<G32, Int4Values<8>>;
using Int4G32Min = IntFormat<G32Min, Int4Values<0>>;
using Int5G32 = IntFormat<G32, Int5Values<16>>;
using Int5G32Min = IntFormat<G32Min, Int5Values<0>>;
using Code4G32 = IntFormat<G32, Code4Values>;
using Int2K16Min = IntFormat<K16Min, Int2Values<0>>;
using Int3K16 = IntFormat<K16, Int3Values>;
using Int4K32Min = IntFormat<K32Min, Int4Values<0>>;
using Int5K32Min = IntFormat<K32Min, Int5Values<0>>;
using Int6K16 = IntFormat<K16, Int6Values>;
using Code4K32 = IntFormat<K32, Code4Values>;
using Int4G32Zero = IntFormat<GroupZero<32>, Int4Values<8>>;
using Int4G64Zero = IntFormat<GroupZero<64>, Int4Values<8>>;
using Int4G128Zero = IntFormat<GroupZero<128>, Int4Values<8>>;
using Int8G32Zero = IntFormat<GroupZero<32>, Int8Values>;
using Int8G128Zero = IntFormat<GroupZero<128>, Int8Values>;
using Int4G32Wide = IntFormat<GroupZeroWide, Int4Values<8>>;
using Int8G32Wide = IntFormat<GroupZeroWide, Int8Values>;

}  // namespace TURNWISE_ISA
}  // namespace turnwise
