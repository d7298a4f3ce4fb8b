/** What this stand-in does not know. */
class Refused extends RuntimeException {
  Refused(String message) { super(message) }
}
