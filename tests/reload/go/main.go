// A server of Go's own net/http: main ADDRESS:PORT.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	generation := os.Getenv("GENERATION")
	if generation == "" {
		generation = "-"
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%d %s\n", os.Getpid(), generation)
	})
	if err := http.ListenAndServe(os.Args[1], nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
