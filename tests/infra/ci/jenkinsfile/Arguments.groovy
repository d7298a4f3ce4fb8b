/** The named arguments of a step or a directive: all that are needed, none that is not known. */
class Arguments {
  static void check(String name, Map given, List needed, List known = []) {
    def unknown = given.keySet() - needed - known
    if (unknown) throw new Refused("${name}: unknown argument ${unknown.join(', ')}")
    def missing = needed - given.keySet()
    if (missing) throw new Refused("${name}: no argument ${missing.join(', ')}")
  }

  /** A command must not be put together by Groovy: secrets would be in it, and in its log. */
  static String literal(String name, Object given) {
    if (given instanceof GString) throw new Refused("${name}: interpolated by Groovy: ${given}")
    if (!(given instanceof String)) throw new Refused("${name}: not a string: ${given}")
    return given
  }
}
