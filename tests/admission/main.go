// What an API server's CEL makes of an expression: reads {"expression": TEXT, "variables": {NAME: VALUE}} from standard
// input, writes {"type": NAME, "value": VALUE}. Fails with CEL's words where it refuses the expression.
//
// The environment is that of k8s.io/apiserver: pkg/cel/environment (base.go), for mutations pkg/cel/mutation (Object and
// Object.FIELD are types, with any field of any type; JSONPatch is one, with those of an operation). A made object has a
// "$type", so that who reads the value can tell whether it stands where its type says: the API server looks at that, too.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	root  = "Object"
	patch = "JSONPatch"
)

var patchFields = map[string]*types.Type{
	"op": types.StringType, "path": types.StringType, "from": types.StringType, "value": types.DynType,
}

// objects knows Object and JSONPatch, besides what CEL itself knows.
type objects struct{ *types.Registry }

func isObject(name string) bool {
	return name == root || name == patch || strings.HasPrefix(name, root+".")
}

func (known objects) FindStructType(name string) (*types.Type, bool) {
	if isObject(name) {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return known.Registry.FindStructType(name)
}

func (known objects) FindStructFieldNames(name string) ([]string, bool) {
	if isObject(name) {
		return nil, true
	}
	return known.Registry.FindStructFieldNames(name)
}

func (known objects) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if name == patch {
		kind := patchFields[field]
		return &types.FieldType{Type: kind}, kind != nil
	}
	if isObject(name) {
		return &types.FieldType{Type: types.DynType}, true
	}
	return known.Registry.FindStructFieldType(name, field)
}

func (known objects) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if !isObject(name) {
		return known.Registry.NewValue(name, fields)
	}
	values := map[ref.Val]ref.Val{types.String("$type"): types.String(name)}
	for field, value := range fields {
		values[types.String(field)] = value
	}
	return types.NewRefValMap(types.DefaultTypeAdapter, values)
}

type question struct {
	Expression string                 `json:"expression"`
	Variables  map[string]interface{} `json:"variables"`
}

type answer struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

func evaluate(asked question) (*answer, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	options := []cel.EnvOption{
		cel.CustomTypeProvider(objects{registry}),
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
	}
	for name := range asked.Variables {
		options = append(options, cel.Variable(name, cel.DynType))
	}
	environment, err := cel.NewEnv(options...)
	if err != nil {
		return nil, err
	}
	ast, issues := environment.Compile(asked.Expression)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	program, err := environment.Program(ast)
	if err != nil {
		return nil, err
	}
	result, _, err := program.Eval(asked.Variables)
	if err != nil {
		return nil, err
	}
	native, err := result.ConvertToNative(reflect.TypeOf(&structpb.Value{}))
	if err != nil {
		return nil, err
	}
	value, err := native.(*structpb.Value).MarshalJSON()
	return &answer{ast.OutputType().String(), value}, err
}

func main() {
	var asked question
	err := json.NewDecoder(os.Stdin).Decode(&asked)
	if err == nil {
		var told *answer
		if told, err = evaluate(asked); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(told)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
