// graphql-yoga as its documentation shows it.
import { createServer } from 'node:http'

import { createSchema, createYoga } from 'graphql-yoga'

import { findViewer, resolvers, typeDefs } from './accounts.js'

const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs,
    resolvers: {
      ...resolvers,
      Query: { me: (_, __, context) => findViewer(context.request.headers.get('cookie')) }
    }
  })
})

createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1')
