/** A block of directives: each is a method, and what is no method of it is refused. */
abstract class Block {
  def read(Closure body) {
    body.delegate = this
    body.resolveStrategy = Closure.DELEGATE_ONLY
    body()
    return this
  }

  abstract String title()

  def methodMissing(String name, Object given) { throw new Refused("${title()}: unknown: ${name}") }

  def propertyMissing(String name) { throw new Refused("${title()}: unknown: ${name}") }

  def propertyMissing(String name, Object value) {
    throw new Refused("${title()}: unknown: ${name} = …")
  }

  protected void once(String name, Object already) {
    if (already) throw new Refused("${title()}: a second `${name}`")
  }
}

class Pipeline extends Block {
  String label
  Closure environment, triggers
  Options options = new Options(true)
  List<Stage> stages = []
  Post post

  String title() { 'pipeline' }

  void agent(Closure body) { label = new Agent().read(body).name }

  void options(Closure body) { options.read(body) }

  void triggers(Closure body) { once('triggers', triggers); triggers = body }

  void environment(Closure body) { once('environment', environment); environment = body }

  void stages(Closure body) { once('stages', stages); stages = new Stages('stages').read(body).all }

  void post(Closure body) { once('post', post); post = new Post('pipeline').read(body) }
}

class Agent extends Block {
  String name

  String title() { 'agent' }

  void label(String name) { this.name = name }
}

class Options extends Block {
  final boolean ofAll
  boolean alone, stopUnstable
  Long seconds
  Map discarder

  Options(boolean ofAll) { this.ofAll = ofAll }

  String title() { ofAll ? 'options' : "a stage's options" }

  void timeout(Map given) {
    Arguments.check('timeout', given, ['time', 'unit'])
    def unit = java.util.concurrent.TimeUnit.valueOf(given.unit)
    seconds = unit.toSeconds(given.time as long)
  }

  void disableConcurrentBuilds() { all('disableConcurrentBuilds'); alone = true }

  void skipStagesAfterUnstable() { all('skipStagesAfterUnstable'); stopUnstable = true }

  void buildDiscarder(Map strategy) { all('buildDiscarder'); discarder = strategy }

  Map logRotator(Map given) {
    Arguments.check('logRotator', given, [], ['numToKeepStr', 'artifactNumToKeepStr'])
    return given
  }

  private void all(String name) {
    if (!ofAll) throw new Refused("${title()}: ${name} is of the whole pipeline")
  }
}

class Stages extends Block {
  final String name
  List<Stage> all = []

  Stages(String name) { this.name = name }

  String title() { name }

  void stage(String name, Closure body) {
    if (all.any { it.name == name }) throw new Refused("${title()}: a second stage `${name}`")
    all << new Stage(name).read(body).checked()
  }
}

class Stage extends Block {
  final String name
  Options options = new Options(false)
  Closure when, steps
  List<Stage> parallel
  Post post

  Stage(String name) { this.name = name }

  String title() { "stage ${name}" }

  void options(Closure body) { options.read(body) }

  void when(Closure body) { once('when', when); when = body }

  void steps(Closure body) { once('steps', steps); steps = body }

  void parallel(Closure body) {
    once('parallel', parallel)
    parallel = new Stages("parallel of ${name}").read(body).all
  }

  void post(Closure body) { once('post', post); post = new Post(name).read(body) }

  Stage checked() {
    if ((steps == null) == (parallel == null)) throw new Refused("${title()}: steps or parallel?")
    if (parallel?.any { it.parallel }) throw new Refused("${title()}: parallel in parallel")
    return this
  }
}

/** The conditions of a `post`, in the order in which Jenkins looks at them. */
class Post extends Block {
  static final ORDER = ['always', 'success', 'unsuccessful', 'cleanup']
  final String of
  Map<String, Closure> conditions = [:]

  Post(String of) { this.of = of }

  String title() { "post of ${of}" }

  void always(Closure body) { conditions.always = body }

  void success(Closure body) { conditions.success = body }

  void unsuccessful(Closure body) { conditions.unsuccessful = body }

  void cleanup(Closure body) { conditions.cleanup = body }
}
