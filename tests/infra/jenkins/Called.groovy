import groovy.json.JsonOutput
import org.codehaus.groovy.ast.CodeVisitorSupport
import org.codehaus.groovy.ast.expr.MapEntryExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.control.CompilationUnit
import org.codehaus.groovy.control.Phases

/** What a Jenkinsfile calls, and the credentials that it names: of its syntax tree, run by nobody. */
class Called extends CodeVisitorSupport {
  final Set<String> names = new TreeSet()
  final Set<String> credentials = new TreeSet()
  final Set<String> labels = new TreeSet()

  @Override
  void visitMethodCallExpression(MethodCallExpression call) {
    names << call.methodAsString
    if (call.methodAsString == 'label') labels << call.arguments.getExpression(0).value
    super.visitMethodCallExpression(call)
  }

  @Override
  void visitMapEntryExpression(MapEntryExpression entry) {
    if (entry.keyExpression.text == 'credentialsId') credentials << entry.valueExpression.value
    super.visitMapEntryExpression(entry)
  }

  static void main(String[] given) {
    def unit = new CompilationUnit()
    unit.addSource(new File(given[0]))
    unit.compile(Phases.CONVERSION)
    def found = new Called()
    unit.AST.modules.each { it.statementBlock.visit(found) }
    println JsonOutput.toJson(
      [names: found.names, credentials: found.credentials, labels: found.labels])
  }
}
