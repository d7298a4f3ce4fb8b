import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import org.codehaus.groovy.control.CompilerConfiguration

/**
 * A stand-in for Job DSL 1.93: the part that our jobs use, as it is documented; all else is refused.
 *
 *   JobDsl ENVIRONMENT.json SCRIPT.groovy   →   the calls, as JSON: path, values
 */
abstract class JobDsl extends Script {
  static final Map<String, List<Class>> KNOWN = [
    'multibranchPipelineJob': [String, Closure],
    'multibranchPipelineJob/displayName': [String],
    'multibranchPipelineJob/description': [String],
    'multibranchPipelineJob/branchSources': [Closure],
    'multibranchPipelineJob/branchSources/git': [Closure],
    'multibranchPipelineJob/branchSources/git/id': [String],
    'multibranchPipelineJob/branchSources/git/remote': [String],
    'multibranchPipelineJob/branchSources/git/credentialsId': [String],
    'multibranchPipelineJob/factory': [Closure],
    'multibranchPipelineJob/factory/workflowBranchProjectFactory': [Closure],
    'multibranchPipelineJob/factory/workflowBranchProjectFactory/scriptPath': [String],
    'multibranchPipelineJob/triggers': [Closure],
    'multibranchPipelineJob/triggers/periodic': [Integer],
    'multibranchPipelineJob/orphanedItemStrategy': [Closure],
    'multibranchPipelineJob/orphanedItemStrategy/discardOldItems': [Closure],
    'multibranchPipelineJob/orphanedItemStrategy/discardOldItems/daysToKeep': [Integer],
    'freeStyleJob': [String, Closure],
    'freeStyleJob/description': [String],
    'freeStyleJob/label': [String],
    'freeStyleJob/logRotator': [Closure],
    'freeStyleJob/logRotator/numToKeep': [Integer],
    'freeStyleJob/triggers': [Closure],
    'freeStyleJob/triggers/cron': [String],
    'freeStyleJob/publishers': [Closure],
    'freeStyleJob/publishers/downstream': [String, String],
  ]

  static final List<Map> CALLS = []

  def methodMissing(String name, Object given) { call('', name, given as List) }

  static void call(String inside, String name, List given) {
    def path = inside ? "${inside}/${name}".toString() : name
    def types = KNOWN[path]
    if (types == null) throw new IllegalArgumentException("Job DSL: unknown: ${path}")
    if (types.size() != given.size() || ![types, given].transpose().every { it[0].isInstance(it[1]) }) {
      throw new IllegalArgumentException("Job DSL: ${path} takes ${types*.simpleName}")
    }
    CALLS << [path: path, values: given.findAll { !(it instanceof Closure) }]
    def body = given.find { it instanceof Closure }
    if (body != null) {
      body.delegate = new Inside(path)
      body.resolveStrategy = Closure.DELEGATE_FIRST
      body()
    }
  }

  static void main(String[] given) {
    def variables = new Binding(new JsonSlurper().parse(new File(given[0])) as Map)
    def configuration = new CompilerConfiguration(scriptBaseClass: JobDsl.name)
    new GroovyShell(JobDsl.classLoader, variables, configuration).evaluate(new File(given[1]))
    println JsonOutput.toJson(CALLS)
  }
}

class Inside {
  private final String path

  Inside(String path) { this.path = path }

  def methodMissing(String name, Object given) { JobDsl.call(path, name, given as List) }
}
