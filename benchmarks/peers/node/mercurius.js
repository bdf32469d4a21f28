// mercurius with its just-in-time compiler on from the first request.
import Fastify from 'fastify'
import mercurius from 'mercurius'

import { findViewer, resolvers, typeDefs } from './accounts.js'

const app = Fastify()
app.register(mercurius, {
  schema: typeDefs,
  resolvers: {
    ...resolvers,
    Query: { me: (_, __, context) => findViewer(context.reply.request.headers.cookie) }
  },
  jit: 1
})
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
