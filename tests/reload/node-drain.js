// The same, but it drains at its stop signal: each answer says Connection: close from there on, and when all have heard that, it closes. To
// close idle connections at once (server.close() does so) would cut a request that is on its way already.
const http = require('http')

let draining = false
const server = http.createServer((request, response) => {
  if (draining) response.setHeader('Connection', 'close')
  response.end(`${process.pid} ${process.env.GENERATION || '-'}\n`)
})
const close = () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
}
const closeWhenNobodyIsThere = () => {
  server.getConnections((error, n) => {
    if (error || n === 0) close()
    else setTimeout(closeWhenNobodyIsThere, 10)
  })
}
const drain = () => {
  if (draining) return
  draining = true
  closeWhenNobodyIsThere()
  setTimeout(close, 1000) // who hasn't asked for anything in a second
}
process.on('SIGTERM', drain)
process.on('SIGINT', drain) // what PM2 sends
server.listen(Number(process.argv[2]), process.argv[3])
