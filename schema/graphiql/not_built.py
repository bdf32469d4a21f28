"""What a browser is shown when GraphiQL has not been built."""

NOT_BUILT_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>GraphiQL is not built yet</title>
  </head>
  <body>
    <h1>GraphiQL is not built yet</h1>
    <p>
      The GraphQL endpoint itself works: send it a <code>POST</code> with a JSON body, such as
      <code>{"query": "{ me { name } }"}</code>, to this same address.
    </p>
    <p>
      The page for trying it out in a browser is made from npm packages when the service is set up. Where
      Node.js 20.19 or newer is installed, run <code>make graphiql</code> in the project's directory, then
      reload this page. A packaged release carries it already.
    </p>
  </body>
</html>
"""
