/** The top of a Jenkinsfile: `pipeline` and nothing else. */
abstract class Top extends Script {
  Pipeline model

  void pipeline(Closure body) {
    if (model != null) throw new Refused('a second `pipeline`')
    model = new Pipeline().read(body)
  }

  def methodMissing(String name, Object given) { throw new Refused("outside of pipeline: ${name}") }

  def propertyMissing(String name) { throw new Refused("outside of pipeline: ${name}") }

  void setProperty(String name, Object value) {
    if (name != 'binding' && name != 'model') throw new Refused("outside of pipeline: ${name} = …")
    super.setProperty(name, value)
  }
}
