#include <camspan/unit.hpp>

namespace camspan {

SharedUnit make_unit(Bytes bytes, UnitKind kind) {
  auto memory = std::make_shared<const Bytes>(std::move(bytes));
  auto unit = std::make_shared<Unit>();
  unit->bytes = *memory;
  unit->owner = std::move(memory);
  unit->kind = kind;
  return unit;
}

}  // namespace camspan
