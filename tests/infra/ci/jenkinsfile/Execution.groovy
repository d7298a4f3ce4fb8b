import java.util.concurrent.Callable
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executors

/** Runs a pipeline as Jenkins does: stages in their order, what is skipped, and what `post` does. */
class Execution {
  final Build build
  final Pipeline pipeline

  Execution(Build build, Pipeline pipeline) {
    this.build = build
    this.pipeline = pipeline
  }

  void run() {
    build.event(pipeline: pipeline.stages*.name, label: pipeline.label, alone: pipeline.options.alone,
      discarder: pipeline.options.discarder, seconds: pipeline.options.seconds,
      cron: pipeline.triggers ? new Triggers(build.env).read(pipeline.triggers).crons : [])
    if (pipeline.environment) new Variables(build.env).read(pipeline.environment)
    build.within(pipeline.options.seconds) { pipeline.stages.each { stage(it) } }
    post('Declarative: Post Actions', pipeline.post)
    build.event(result: build.result)
  }

  void stage(Stage stage) {
    if (build.failed || pipeline.options.stopUnstable && build.result == 'UNSTABLE') {
      build.event(stage: stage.name, skipped: build.failed ? 'earlier failure' : 'unstable')
      return
    }
    evaluate(stage)
  }

  private void evaluate(Stage stage) {
    def env = build.env + [STAGE_NAME: stage.name]
    if (stage.when != null && !new When(build, env).read(stage.when).holds) {
      build.event(stage: stage.name, skipped: 'when')
      return
    }
    build.event(stage: stage.name, began: true, seconds: stage.options.seconds)
    try {
      build.within(stage.options.seconds) {
        if (stage.parallel) together(stage.parallel) else steps(env, stage.steps)
      }
    } catch (Stopped stopped) {
      build.fail(stopped.result, stage.name, stopped.message)
    }
    post(stage.name, stage.post)
    build.event(stage: stage.name, ended: build.result)
  }

  /** Each to its end, whatever becomes of the others: there is no failFast. */
  private void together(List<Stage> stages) {
    def threads = Executors.newFixedThreadPool(stages.size())
    try {
      threads.invokeAll(stages.collect { one -> { -> evaluate(one) } as Callable })*.get()
    } catch (ExecutionException error) {
      throw error.cause
    } finally {
      threads.shutdown()
    }
  }

  private void steps(Map env, Closure body) {
    new Steps(build, env).read(body)
  }

  private void post(String name, Post post) {
    if (post == null) return
    Post.ORDER.each { condition ->  // each is asked when it is its turn
      if (!(condition in post.conditions && meets(condition))) return
      build.event(stage: name, post: condition)
      try {
        steps(build.env + [STAGE_NAME: name], post.conditions[condition])
      } catch (Stopped stopped) {
        build.fail(stopped.result, name, stopped.message)
      }
    }
  }

  private boolean meets(String condition) {
    if (condition == 'success') return build.result == 'SUCCESS'
    if (condition == 'unsuccessful') return build.result != 'SUCCESS'
    return true
  }
}

class Triggers extends Block {
  final Map env
  List crons = []

  Triggers(Map env) { this.env = env }

  String title() { 'triggers' }

  Map getEnv() { env }

  void cron(String schedule) { crons << schedule }
}

/** Assignments, in their order: one may use those before it. */
class Variables extends Block {
  private final Map variables

  Variables(Map variables) { this.@variables = variables }

  String title() { 'environment' }

  Map getEnv() { this.@variables }

  void setProperty(String name, Object value) { this.@variables[name] = value.toString() }
}

/** All conditions of a `when` must hold. */
class When extends Block {
  private final Build build
  private final Map env
  boolean holds = true

  When(Build build, Map env) {
    this.build = build
    this.env = env
  }

  String title() { 'when' }

  void branch(String name) { holds = holds && env.BRANCH_NAME == name }

  void expression(Closure body) { holds = holds && new Asked(build, env).ask(body) }
}

/** What an expression may ask. */
class Asked extends Block {
  private final Build build
  private final Map env

  Asked(Build build, Map env) {
    this.build = build
    this.env = env
  }

  String title() { 'expression' }

  boolean ask(Closure body) {
    body.delegate = this
    body.resolveStrategy = Closure.DELEGATE_ONLY
    return body()
  }

  boolean fileExists(String path) { new File(build.workspace, path).exists() }
}
